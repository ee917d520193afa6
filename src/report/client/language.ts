/**
 * Some systems' browsers have a language that Intl refuses, such as WebKitGTK's 'C': uPlot would fail, and no
 * chart be drawn.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
