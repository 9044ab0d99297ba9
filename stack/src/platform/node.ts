import { performance } from "node:perf_hooks"
import { chacha20Poly1305Open, chacha20Poly1305Seal, nodeRandom, sframeCiphers, suite0001 } from "@qpc/crypto/node"
import type { Platform } from "./platform.ts"

/** Node: everything is there at once. */
export const platform: Platform = {
  ready: () => Promise.resolve(),
  suite: () => suite0001,
  sframeCiphers,
  chacha20Poly1305: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  random: nodeRandom,
  unixMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
