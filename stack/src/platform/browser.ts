import type { CipherSuite } from "@qpc/crypto"
import { chacha20Poly1305Open, chacha20Poly1305Seal, loadBrowserSuite0001, sframeCiphers } from "@qpc/crypto/browser"
import { StackError } from "../stack-error.ts"
import type { Platform } from "./platform.ts"

/** Browsers compile WebAssembly asynchronously only: that one thing is waited for, once. */
let loading: Promise<void> | undefined
let loaded: CipherSuite | undefined

/** The most that `getRandomValues` fills at once. */
const DRAW_MAX_BYTES = 65_536

/** Browsers and workers. */
export const platform: Platform = {
  ready: () => {
    loading ??= load()
    return loading
  },
  suite: () => {
    if (loaded === undefined) throw new StackError("not_ready", "await ready() once, before anything else is called")
    return loaded
  },
  sframeCiphers,
  chacha20Poly1305: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  random: (lengthBytes) => {
    const bytes = new Uint8Array(lengthBytes)
    for (let at = 0; at < lengthBytes; at += DRAW_MAX_BYTES) {
      globalThis.crypto.getRandomValues(bytes.subarray(at, at + DRAW_MAX_BYTES))
    }
    return bytes
  },
  unixMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

async function load(): Promise<void> {
  try {
    loaded = await loadBrowserSuite0001()
  } catch (error) {
    // What failed may succeed later: after a change of the page's security policy, say.
    loading = undefined
    throw error
  }
}
