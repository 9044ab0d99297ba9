/** What runs in the page: the vectors and a conversation, one report for each set. */
import { loadBrowserVectorProvider } from "@qpc/crypto/vectors"
import { runSafely } from "@qpc/wire/vectors"
import type { SetReport, VectorSet } from "@qpc/wire/vectors"
import { vectorSets } from "gbp-node/vectors"
import { conversationSet } from "./conversation.ts"
import { served } from "./served-vectors.ts"

declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
declare const report: (set: SetReport) => Promise<void>

/** Runs every set and reports each as soon as it is done. */
async function runAll(): Promise<void> {
  const provider = await loadBrowserVectorProvider()
  const sets: VectorSet[] = [
    conversationSet(provider.suites, (lengthBytes) => crypto.getRandomValues(new Uint8Array(lengthBytes))),
    ...vectorSets(served, provider),
  ]
  for (const set of sets) await report(runSafely(set))
}

Reflect.set(globalThis, "runAll", runAll)
