/** The tables' part of the style sheet in style.ts: the confusion matrix, epochs and settings. */
export const TABLE_STYLE = `
.scroll { overflow-x: auto; max-width: 100%; }
.scrolls { margin: 0.75rem 0 0.25rem; color: var(--muted); font-size: 0.8125rem; }
.scroll.tall { overflow: auto; max-height: min(44rem, 80vh); border: 1px solid var(--rule); border-radius: 4px; }
table { border-collapse: separate; border-spacing: 0; font-size: 0.875rem; line-height: 1.4; }
th { font-weight: 600; text-align: left; }

.data { width: 100%; }
.data th, .data td { padding: 0.4375rem 0.75rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
.data .text { text-align: left; white-space: normal; }
.data thead th { position: sticky; top: 0; background: var(--paper); color: var(--muted); font-weight: 400; font-size: 0.8125rem; white-space: normal; vertical-align: bottom; line-height: 1.25; border-bottom-color: var(--muted); }
.data th:first-child { position: sticky; left: 0; background: var(--paper); }
.data thead th:first-child { z-index: 1; }
.scroll:not(.tall) .data th:first-child { padding-left: 0.5rem; text-align: left; }
.data .best > *, .data .best th:first-child { background: color-mix(in srgb, rgb(var(--hit)) 12%, var(--paper)); }

.settings { width: 100%; }
.settings th, .settings td { padding: 0.4375rem 0; vertical-align: top; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
.settings th { width: 42%; padding-right: 1.5rem; font-weight: 400; color: var(--muted); }
.settings td { font-family: var(--mono); font-size: 0.8125rem; line-height: 1.5; }
#reproducibility .settings th { width: 14rem; }

.confusion { --cell: 3.25rem; width: min(100%, calc(var(--classes) * 4.75rem + 15rem)); }
.confusion th, .confusion td { padding: 0 0.375rem; height: 2.5rem; text-align: center; white-space: nowrap; }
.confusion tbody td { border: 1px solid var(--paper); border-width: 1px 1px 0 0; min-width: var(--cell); }
.confusion .hit { background: rgb(var(--hit) / calc(var(--s, 0) * var(--hit-most))); font-weight: 600; border-radius: 3px; }
.confusion .miss { background: rgb(var(--miss) / min(var(--s) * 1.1, var(--miss-most))); border-radius: 3px; }
.confusion td:not(.hit):not(.miss) { color: var(--muted); }
.confusion thead th { height: 2rem; background: var(--paper); }
.confusion thead tr:last-child th { border-bottom: 1px solid var(--muted); }
.confusion .axis th { height: 1.5rem; color: var(--muted); font-size: 0.8125rem; font-weight: 400; text-align: left; }
.confusion .axis span { position: sticky; left: 5rem; }
.confusion thead .corner, .confusion thead .edge { color: var(--muted); font-size: 0.8125rem; font-weight: 400; }
.confusion tr > :first-child { position: sticky; left: 0; z-index: 1; background: var(--paper); text-align: left; padding-left: 0; padding-right: 1rem; }
.confusion tr > :first-child span { display: block; max-width: 9rem; overflow: hidden; text-overflow: ellipsis; }
.confusion .edge { text-align: right; padding-left: 0.75rem; }
.confusion tbody td.edge { border: 0; color: var(--muted); }
.confusion tbody td.pin { color: var(--ink); }
.confusion .pin { position: sticky; right: 0; z-index: 1; background: var(--paper); }
.confusion tfoot th, .confusion tfoot td { border-top: 1px solid var(--muted); background: var(--paper); }
.confusion tfoot th { color: var(--muted); font-weight: 400; font-size: 0.8125rem; }
.confusion tfoot td:not(.hit):not(.miss) { color: var(--ink); }
.turned thead tr:last-child th { vertical-align: bottom; }
.turned thead tr:last-child th > span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 8rem; overflow: hidden; text-overflow: ellipsis; text-align: left; padding-top: 0.375rem; }
.large { --cell: 2.25rem; width: auto; font-size: 0.75rem; }
.large th, .large td { height: 1.75rem; }
.large thead th { position: sticky; top: 1.5rem; z-index: 2; }
.large thead .axis th { top: 0; }
.large thead tr > :first-child, .large thead .pin { z-index: 3; }
.large tfoot th, .large tfoot td { position: sticky; bottom: 0; font-size: 0.6875rem; }
.large tfoot tr > :first-child, .large tfoot .pin { z-index: 3; }
.large tr > :first-child { padding-left: 0.75rem; }
@media (max-width: 52rem) {
  .confusion:not(.large) { --cell: 2.25rem; font-size: 0.8125rem; }
  .confusion th, .confusion td { padding-inline: 0.1875rem; }
  .confusion tr > .pin { position: static; }
  .confusion tr > :first-child span { max-width: 5.5rem; }
}
`;
