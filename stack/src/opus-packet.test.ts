import { describe, expect, it } from "vitest"
import { opusSamples } from "./opus-packet.ts"

/** The first byte of a packet: its configuration, mono, and how its frames are counted. */
const toc = (configuration: number, countCode: number): number => (configuration << 3) | countCode

describe("the duration of an Opus packet", () => {
  it.each([
    ["SILK, 10 ms", 0, 480],
    ["SILK, 20 ms", 9, 960],
    ["SILK, 60 ms", 11, 2880],
    ["hybrid, 10 ms", 12, 480],
    ["hybrid, 20 ms", 15, 960],
    ["CELT, 2.5 ms", 16, 120],
    ["CELT, 20 ms", 31, 960],
  ])("is that of its configuration: %s", (_, configuration, samples) => {
    expect(opusSamples(Uint8Array.of(toc(configuration, 0)))).toBe(samples)
  })

  it("counts all its frames", () => {
    expect(opusSamples(Uint8Array.of(toc(12, 1)))).toBe(960)
    expect(opusSamples(Uint8Array.of(toc(12, 2)))).toBe(960)
    expect(opusSamples(Uint8Array.of(toc(9, 3), 0xc2))).toBe(1920)
  })

  it.each([[[]], [[toc(9, 3)]], [[toc(9, 3), 0]]])("is not known for %s", (bytes) => {
    expect(opusSamples(Uint8Array.from(bytes))).toBeUndefined()
  })
})
