import { afterEach, describe, expect, it, vi } from "vitest"

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** As in a page that has just begun. */
async function freshLoadSodium() {
  vi.resetModules()
  return (await import("./sodium.ts")).loadSodium
}

describe("loading libsodium", () => {
  it("says what to do where WebAssembly is forbidden, and is tried again with the next call", async () => {
    const loadSodium = await freshLoadSodium()
    const forbidden = { RuntimeError: Error, instantiate: () => Promise.reject(new Error("forbidden")) }
    vi.stubGlobal("WebAssembly", forbidden)
    await expect(loadSodium()).rejects.toThrow("'wasm-unsafe-eval'")
    vi.unstubAllGlobals()
    expect((await loadSodium()).sodium_init()).toBe(1)
  })

  it("happens once, however often it is asked for", async () => {
    const loadSodium = await freshLoadSodium()
    expect(loadSodium()).toBe(loadSodium())
  })
})
