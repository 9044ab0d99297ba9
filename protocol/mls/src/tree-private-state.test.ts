import { suite0001 as suite } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { TreePrivateState } from "./tree-private-state.ts"

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

/** Private keys of leaf 0 and of node 1 above it. */
function keysOf(leafKey: number, parentKey: number): TreePrivateState {
  const keys = new TreePrivateState(0, key(leafKey))
  keys.set(1, key(parentKey))
  return keys
}

describe("private keys of an epoch that ends", () => {
  const forgotten: string[] = []
  const watched = { ...suite, forgetPrivateKey: (bytes: Uint8Array) => void forgotten.push(toHex(bytes)) }

  it.each([
    ["all of them without an heir", undefined, [1, 2]],
    ["all but those that the heir goes on using", keysOf(3, 2), [1]],
    ["one that the heir has at another node", keysOf(2, 3), [1, 2]],
  ])("are forgotten by the suite: %s", (_, heir, expected) => {
    forgotten.length = 0
    const keys = keysOf(1, 2)
    const bytes = keys.leafKey
    keys.destroy(watched, heir)
    expect(forgotten).toEqual(expected.map((fill) => toHex(key(fill))))
    expect(bytes).toEqual(key(0))
  })
})
