/** The version of this package; a test compares it with `package.json`. */
const VERSION = "0.0.0"

/** The version of this library and what is in it. */
export function version(): string {
  return `gbp-stack ${VERSION} (gbp + gtp + gap + gsp)`
}
