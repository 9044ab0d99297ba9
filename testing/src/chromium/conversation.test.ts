import { loadBrowserVectorProvider } from "@qpc/crypto/vectors"
import { suite0001 } from "@qpc/crypto/node"
import { expect, it } from "vitest"
import { conversationSet } from "./conversation.ts"

/** The same numbers in every run. */
function countingRandom(): (lengthBytes: number) => Uint8Array {
  let counter = 0
  return (lengthBytes) => suite0001.expand(new Uint8Array(32), Uint8Array.of(counter++), lengthBytes)
}

it("a conversation succeeds with each suite of the browser", async () => {
  const { suites } = await loadBrowserVectorProvider()
  expect(conversationSet(suites, countingRandom()).run()).toMatchObject({ cases: 8, passed: 8, failures: [] })
})

it("a conversation fails with a suite that opens nothing", () => {
  const deaf = { ...suite0001, aeadOpen: () => undefined }
  expect(conversationSet([deaf], countingRandom()).run()).toMatchObject({ cases: 1, failed: 1 })
})
