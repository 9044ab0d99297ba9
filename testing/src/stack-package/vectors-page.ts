/** What runs in a page: published vectors of what the package needs of libsodium. */
import { cryptoVectorSets, loadBrowserVectorProvider } from "@qpc/crypto/vectors"
import { runSafely } from "@qpc/wire/vectors"
import type { SetReport } from "@qpc/wire/vectors"
import { served } from "../chromium/served-vectors.ts"

const CURVE25519: ReadonlySet<string> = new Set(["wycheproof/ed25519", "wycheproof/x25519"])

async function runCurve25519(): Promise<readonly SetReport[]> {
  const sets = cryptoVectorSets(served, await loadBrowserVectorProvider())
  return sets.filter(({ name }) => CURVE25519.has(name)).map(runSafely)
}

Reflect.set(globalThis, "runCurve25519", runCurve25519)
