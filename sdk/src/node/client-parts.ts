import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import type { ClientOptions } from "../api.ts"
import { systemClock } from "../clock.ts"
import { opaqueInWorker } from "./opaque-in-worker.ts"
import { postQuantumSuites } from "./post-quantum.ts"

/** What every client on Node is made of; a store and a dial are missing. */
export function nodeClientParts(): Pick<ClientOptions, "suite" | "otherSuites" | "random" | "clock" | "opaque"> {
  return {
    suite: suite0001,
    otherSuites: postQuantumSuites(),
    random: nodeRandom,
    clock: systemClock,
    opaque: opaqueInWorker(),
  }
}
