import { createKeyPackages } from "@qpc/group"
import { methods } from "@qpc/rpc"
import type { Context } from "./context.ts"
import type { Call } from "./outbox.ts"
import type { Change } from "./store.ts"

/** How long a private key outlives its package: a Welcome may have been under way when it ended. */
const GRACE_MS = 8 * 24 * 60 * 60 * 1000

/**
 * Keeps enough key packages at the server for others to invite us, and forgets the private keys of those that ended.
 *
 * Private keys are on disk before the packages leave. A package is uploaded once: after a lost answer the next count tells
 * whether more are needed, because one package must never be handed to two people (RFC 9420 §16.8).
 */
export async function topUpKeyPackages(context: Context, call: Call): Promise<void> {
  const { limits, turn } = context
  await turn.takeAlways(() => forgetEnded(context))
  const { available } = await call(methods.uploadKeyPackage, {})
  if (available >= limits.keyPackageLow) return
  const room = limits.keyPackagesKept - (await storedCount(context))
  const count = Math.min(limits.keyPackageStock - available, room)
  if (count <= 0) return
  const keyPackages = await turn.takeAlways(() => makeKeyPackages(context, count))
  await call(methods.uploadKeyPackage, { keyPackages })
}

async function makeKeyPackages(context: Context, count: number) {
  const { suite, self, random, clock, limits, profile, store } = context
  const nowMs = clock.unixMs()
  const lifetimeMs = limits.keyPackageLifetimeMs
  const bundles = createKeyPackages({ suite, identity: self.keys, random, nowMs, lifetimeMs, count })
  const expiresAtMs = nowMs + lifetimeMs
  await store.commit(bundles.map((bundle) => profile.putKeyPackage(bundle.ref, expiresAtMs, bundle.toBytes())))
  const uploads = bundles.map(({ keyPackage }) => ({ data: keyPackage, expiresAtMs: BigInt(expiresAtMs) }))
  for (const bundle of bundles) bundle[Symbol.dispose]()
  return uploads
}

async function storedCount({ profile }: Context): Promise<number> {
  let count = 0
  for await (const _ of profile.keyPackages()) count += 1
  return count
}

async function forgetEnded({ profile, store, clock }: Context): Promise<void> {
  const ended: Change[] = []
  for await (const { ref, expiresAtMs } of profile.keyPackages()) {
    if (expiresAtMs + GRACE_MS < clock.unixMs()) ended.push(profile.forgetKeyPackage(ref))
  }
  if (ended.length > 0) await store.commit(ended)
}
