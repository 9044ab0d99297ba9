import { describe, expect, it } from "vitest"
import { checkCipherSuite } from "../conformance/check-cipher-suite.ts"
import { SUITE_SPECS } from "../suite-specs.ts"
import { loadBrowserSuite, loadBrowserSuite0001, loadBrowserXWingSuite } from "./index.ts"

const inBrowsers = await Promise.all([...SUITE_SPECS.keys()].map((id) => loadBrowserSuite(id)))

describe.each(inBrowsers)("$name for browsers", (suite) => checkCipherSuite(suite, it))
describe("the X-Wing suite for browsers", async () => checkCipherSuite(await loadBrowserXWingSuite(), it))

describe("cipher suites for browsers", () => {
  it("are 0x0001 unless asked otherwise", async () => {
    expect((await loadBrowserSuite()).id).toBe(0x0001)
  })

  it("come without other curves for who wants 0x0001 alone", async () => {
    const [alone, among] = [await loadBrowserSuite0001(), await loadBrowserSuite(0x0001)]
    const seed = new Uint8Array(32).fill(7)
    expect([alone.id, alone.signatureKeyPair(seed)]).toEqual([0x0001, among.signatureKeyPair(seed)])
  })

  it("are not there for other code points than those of RFC 9420 §17.1", async () => {
    await expect(loadBrowserSuite(8)).rejects.toThrow(RangeError)
    await expect(loadBrowserXWingSuite({ id: 2 })).rejects.toThrow(RangeError)
  })

  it("draw no randomness of their own", () => {
    expect(inBrowsers.map(({ drawsRandomness }) => drawsRandomness?.size)).toEqual([0, 0, 0, 0, 0, 0, 0])
  })
})
