import type { Collection, Row, RowRange, Store } from "./store.ts"

/** Rows read at one time where all of a range are wanted. */
const PAGE_ROWS = 500

/** All rows of a range, however many, a page at a time. */
export async function* allRows(store: Store, collection: Collection, range: RowRange = {}): AsyncGenerator<Row> {
  let page = await store.list(collection, { ...range, limit: PAGE_ROWS })
  while (page.length > 0) {
    yield* page
    const last = page.at(-1)!
    page = page.length < PAGE_ROWS ? [] : await store.list(collection, { ...range, limit: PAGE_ROWS, after: last.key })
  }
}
