/** What a page runs first whose policy asks for trusted types, as docs/guide/browser.md has it. */
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL: (address) =>
    new URL(address, location.href).origin === location.origin ? address : undefined,
});
