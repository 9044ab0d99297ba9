import { readFileSync } from "node:fs"

/** Which state of the published stack we talk to. */
export interface PublishedSource {
  readonly repository: string
  readonly commit: string
  readonly release: string
}

/** Reads `testing/peers/gbp-stack/published.json`. */
export function publishedSource(): PublishedSource {
  const file = new URL("../../peers/gbp-stack/published.json", import.meta.url)
  return JSON.parse(readFileSync(file, "utf8")) as PublishedSource
}
