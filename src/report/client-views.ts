/**
 * The part of a report's script that keeps its charts in shape: fitted to the window, redrawn when the colours change, and for
 * paper. Text to be put into a script that has `page`, `views` ({ holder, plot } each) and `draw(view)`.
 */
export const VIEWS_SCRIPT = `
function size(holder) {
  return { width: Math.max(200, Math.floor(holder.clientWidth)), height: page.classList.contains('printing') ? 230 : 280 };
}

function fit(view) {
  const wanted = size(view.holder);
  if (view.plot && wanted.width !== view.plot.width) view.plot.setSize(wanted);
}

views.forEach(draw);
if (typeof ResizeObserver !== 'undefined') {
  // In the next frame: resizing what is observed within the callback would report a loop.
  const observer = new ResizeObserver(() => requestAnimationFrame(() => views.forEach(fit)));
  views.forEach((view) => observer.observe(view.holder));
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => views.forEach(draw));

// Paper is light and narrower; a canvas cannot reflow by itself, so it is drawn again at the width of a page.
addEventListener('beforeprint', () => {
  page.classList.add('printing');
  document.querySelectorAll('details').forEach((item) => { item.open = true; });
  views.forEach(draw);
});
addEventListener('afterprint', () => {
  page.classList.remove('printing');
  views.forEach(draw);
});
`;
