/**
 * Paper: the part of the style sheet in style.ts that keeps charts and tables whole and drops what needs a
 * screen.
 */
export const PRINT_STYLE = `
.printing .charts { grid-template-columns: 320px 320px; gap: 1rem 32px; }
.printing .plot { width: 320px; }
@media print {
  @page { margin: 16mm; }
  html { font-size: 13px; }
  body { font-size: 1rem; background: none; }
  main, footer { max-width: none; padding-inline: 0; }
  header { padding-top: 0; }
  :root { --paper: #fff; }
  nav, button, noscript, .on-screen, .u-legend tr:first-child, .u-legend .u-value { display: none !important; }
  .u-legend th::after { display: none; }
  .uplot .u-legend { margin-left: 0; }
  section { padding-top: 2.25rem; }
  .plot { min-height: 0; }
  footer { padding-block: 2rem 0; }
  h2, h3, .lead { break-after: avoid; }
  .chart, .whole, .large, .gallery li, .pairs li, .summary, .lead, tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .charts { grid-template-columns: 320px 320px; gap: 1rem 32px; }
  .figures { grid-template-columns: repeat(3, 1fr); gap: 1rem 1.5rem; }
  .pairs { grid-template-columns: repeat(4, 1fr); }
  .pair { grid-template-columns: 1fr 1fr; gap: 0 2rem; }
  .settings th, .settings td { padding-block: 0.1875rem; }
  .uplot, .uplot .u-wrap { max-width: 100%; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; border: 0; }
  .data th, .confusion :is(th, td), .confusion .pin, .confusion .axis span { position: static !important; }
  .data th, .data td { padding: 0.25rem 0.5rem; }
  .confusion { --cell: 0; }
  .confusion th, .confusion td { height: 2rem; }
  .confusion tr > :first-child { padding-right: 0.375rem; }
  .large { line-height: 1.1; }
  .large :is(th, td) { height: auto !important; padding: 0.5pt !important; font-size: 3.5pt !important; }
  .hit, .miss, .best > *, .notice, .gallery img { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .gallery { grid-template-columns: repeat(8, 1fr); gap: 1rem 0.75rem; }
  .gallery figcaption { font-size: 7pt; }
}
`;
