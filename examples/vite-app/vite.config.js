/** Nothing is to be configured. `base` lets the built page lie in any folder of a server. */
export default { base: './' };
