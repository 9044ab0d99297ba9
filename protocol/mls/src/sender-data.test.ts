import { describe, expect, it } from "vitest"
import { guardedNonce } from "./sender-data.ts"

describe("the reuse guard", () => {
  it("changes the beginning of a copy: the key schedule's nonce may be tried again with another guard", () => {
    const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6)
    expect(guardedNonce(nonce, Uint8Array.of(0xff, 0, 1, 4))).toEqual(Uint8Array.of(0xfe, 2, 2, 0, 5, 6))
    expect(nonce).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6))
  })
})
