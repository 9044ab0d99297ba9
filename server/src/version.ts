import { readFileSync } from "node:fs"

/** The release, as in this package's package.json. */
export function serverVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  const isNamed = typeof manifest === "object" && manifest !== null && "version" in manifest
  return isNamed && typeof manifest.version === "string" ? manifest.version : "unknown"
}
