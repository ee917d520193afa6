export const open = () => ({ show() {}, hide() {} });
