/** What runs in the page: the vectors and a conversation, one report for each set. */
import { cryptoVectorSets, loadBrowserVectorProvider } from "@qpc/crypto/conformance"
import { groupVectorSets, treeVectorSets } from "@qpc/mls/conformance"
import { sframeVectorSets } from "@qpc/sframe/conformance"
import { wireVectorSets } from "@qpc/wire/conformance"
import type { VectorFiles, VectorSet } from "@qpc/wire/conformance"
import { runSafely } from "../conformance/run-set.ts"
import type { SetReport } from "../conformance/run-set.ts"
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
    ...treeVectorSets(served, provider.suites),
    ...groupVectorSets(served, provider.suites),
    ...cryptoVectorSets(served, provider),
    ...sframeVectorSets(served, provider.sframeCiphers),
    ...wireVectorSets(served),
  ]
  for (const set of sets) await report(runSafely(set))
}

Reflect.set(globalThis, "runAll", runAll)
