/** A Markdown table: names of the columns, then rows. `numbers`: all columns but the first are aligned to the right. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  { numbers = false } = {},
): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const alignment = columns.map((_, index) => (numbers && index > 0 ? '---:|' : '---|')).join('');
  return [line(columns), `|${alignment}`, ...rows.map(line)].join('\n');
}
