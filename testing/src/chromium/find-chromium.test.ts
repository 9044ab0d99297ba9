import { describe, expect, it } from "vitest"
import { findChromium } from "./find-chromium.ts"

describe("finding Chromium", () => {
  it("takes the one that QPC_CHROMIUM names", () => {
    expect(findChromium("/opt/chromium", (path) => path === "/opt/chromium")).toBe("/opt/chromium")
  })

  it("does not take another where the named one is missing", () => {
    expect(() => findChromium("/opt/chromium", (path) => path !== "/opt/chromium")).toThrow(
      /QPC_CHROMIUM is \/opt\/chromium, which does not exist.*Debian package chromium/,
    )
  })

  it("looks in the usual places otherwise", () => {
    expect(findChromium(undefined, (path) => path.endsWith("chromium-browser"))).toBe("/usr/bin/chromium-browser")
  })

  it("says what to do where there is none", () => {
    expect(() => findChromium(undefined, () => false)).toThrow(
      /no Chromium in \/usr\/bin\/chromium.*Debian package chromium.*QPC_CHROMIUM/,
    )
  })
})
