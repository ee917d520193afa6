/**
 * Not part of the bundle, which may fail as a whole: says in the page what kept it from starting. Plain and not new JavaScript, since
 * the reason may be a browser that does not know the new one.
 */
(() => {
  // Where the page's policy asks for trusted types: workers are started with scripts of the page's own origin.
  if (window.trustedTypes) {
    window.trustedTypes.createPolicy('default', {
      createScriptURL: (address) =>
        new URL(address, location.href).origin === location.origin ? address : undefined,
    });
  }

  // Some systems' browsers have a language that Intl refuses, such as WebKitGTK's 'C': what formats numbers by it would fail.
  try {
    new Intl.NumberFormat(navigator.language);
  } catch (_error) {
    Object.defineProperty(navigator, 'language', { value: 'en-US' });
  }

  // Before anything is drawn: the style sheet hides the parts that the address does not name.
  var named = /^#(playground|table|images)\b/.exec(location.hash);
  if (named) document.documentElement.setAttribute('data-part', named[1]);

  var said = false;
  function say(reason) {
    var engine = document.getElementById('engine');
    var status = document.getElementById('status');
    if (!engine || !status) {
      // The page itself is still on its way.
      document.addEventListener('DOMContentLoaded', () => {
        say(reason);
      });
      return;
    }
    // Once it has started it speaks for itself.
    if (said || engine.textContent !== 'Starting …') return;
    said = true;
    engine.textContent = 'not available';
    status.textContent = `It cannot start: ${reason}`;
    // The other parts have no place of their own for it yet.
    if (named) document.getElementById('problem').textContent = status.textContent;
  }

  window.addEventListener(
    'error',
    (event) => {
      var target = event.target;
      if (target && target !== window && target.tagName === 'SCRIPT') say(`${target.src} cannot be loaded`);
      else if (event.message) say(event.message);
    },
    // Of a script that cannot be loaded it is not told otherwise.
    true,
  );
  window.addEventListener('unhandledrejection', ({ reason }) => {
    say(reason instanceof Error ? reason.message : String(reason));
  });
  if (!('noModule' in document.createElement('script'))) say('this browser is too old, it knows no modules');
})();
