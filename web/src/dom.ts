/** The page's elements by their ids. */
export const get = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;

export const say = (id: string, text: string) => {
  get(id).textContent = text;
};
