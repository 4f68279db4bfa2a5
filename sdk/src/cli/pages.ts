/** Most rows the control plane puts on a page. */
export const MAX_PAGE_SIZE = 1000;

/** A page of rows and the token of the next one, empty on the last. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextPageToken: string;
}

/**
 * Follows pages until `limit` rows are there or no page is left.
 * @returns the rows, and the token at which to go on (empty if there is nothing more)
 */
export async function followPages<Row>(
  limit: number,
  fetchPage: (pageSize: number, pageToken: string) => Promise<Page<Row>>,
): Promise<Page<Row>> {
  const rows: Row[] = [];
  let nextPageToken = "";
  do {
    const page = await fetchPage(Math.min(limit - rows.length, MAX_PAGE_SIZE), nextPageToken);
    rows.push(...page.rows);
    nextPageToken = page.nextPageToken;
  } while (nextPageToken !== "" && rows.length < limit);
  return { rows, nextPageToken };
}
