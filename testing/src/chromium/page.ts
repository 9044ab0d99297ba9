/** What runs in the page: the vectors and a conversation, one report for each set. */
import { loadBrowserVectorProvider } from "@qpc/crypto/vectors"
import { runSafely } from "@qpc/wire/vectors"
import type { SetReport, VectorFiles, VectorSet } from "@qpc/wire/vectors"
import { vectorSets } from "gbp-node/vectors"
import { conversationSet } from "./conversation.ts"

declare const XMLHttpRequest: new () => {
  open(method: "GET", url: string, isAsynchronous: boolean): void
  send(): void
  readonly status: number
  readonly responseText: string
}
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
declare const report: (set: SetReport) => Promise<void>

/** Vectors of the server that the page came from. Synchronous, because reading a file is so in Node, too. */
const served: VectorFiles = {
  place: "the server's vectors",
  text(path) {
    const request = new XMLHttpRequest()
    request.open("GET", `/vectors/${path}`, false)
    request.send()
    return request.status === 200 ? request.responseText : undefined
  },
}

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
