/** What runs in the page: a seed at a time, with the browser's primitives. */
import { loadBrowserSuite, loadBrowserXWingSuite } from "@qpc/crypto/browser"
import { simulate } from "../simulate.ts"
import { useSha256 } from "./node-stand-ins.ts"

declare const MessageChannel: new () => {
  readonly port1: EventTarget & { start(): void }
  readonly port2: { postMessage(message: undefined): void }
}

/** What a run in a page came to. */
export interface PageReport {
  readonly hash: string
  readonly violations: number
}

const { port1, port2 } = new MessageChannel()
port1.start()

/** The next turn of the event loop: by then every promise that can go on has gone on. */
function drain(): Promise<void> {
  return new Promise((resolve) => {
    port1.addEventListener("message", () => resolve(), { once: true })
    port2.postMessage(undefined)
  })
}

const loading = Promise.all([loadBrowserSuite(1), loadBrowserSuite(3), loadBrowserXWingSuite()])

async function runSeed(seed: string): Promise<PageReport> {
  const [suite, ...otherSuites] = await loading
  useSha256((message) => suite.hash(message))
  const { hash, violations } = await simulate({ seed: BigInt(seed), suite, otherSuites, drain })
  return { hash, violations: violations.length }
}

Reflect.set(globalThis, "runSeed", runSeed)
