import type { CipherSuite } from "@qpc/crypto"
import { checkSuiteChange } from "@qpc/group"
import type { Member } from "@qpc/group"
import { methods, RpcError } from "@qpc/rpc"
import { equalBytes } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { CHANGE_FAILURES } from "./change-failure.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { inspectNow } from "./inspect-now.ts"
import { toClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"

/** One device of a member. */
interface Asked {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
}

/** What leads everybody else into a suite. */
export interface Gathered {
  readonly keyPackages: readonly Uint8Array[]
  /** Whose key packages others may have been given as well. */
  readonly lastResorts: readonly IdentityKey[]
}

/** The suite of a group that we are in. */
export function suiteOf({ suites }: Pick<Context, "suites">, suiteId: number): CipherSuite {
  const suite = suites.find(({ id }) => id === suiteId)
  if (suite === undefined) throw new Error("unreachable: a group of a suite that we do not have does not wake")
  return suite
}

/**
 * Takes a key package of a suite for each device of a group but ours. What the group would refuse anyway is refused before one is
 * taken, and all devices are asked before anybody is told who cannot follow.
 *
 * @throws ClientError `group_refused`, `suite_not_ready`; what the network and the server refuse
 */
export async function keyPackagesOfAll(
  context: Context,
  call: Call,
  member: Member,
  suiteId: number,
): Promise<Gathered> {
  const { settings, self, device } = member
  if (member.suiteId === suiteId) return { keyPackages: [], lastResorts: [] }
  const objection = checkSuiteChange(settings, self, { from: member.suiteId, to: suiteId })
  const isOurs = context.suites.some(({ id }) => id === suiteId)
  if (objection !== undefined || !isOurs) {
    const { what, nextStep } = CHANGE_FAILURES[objection ?? "suite_missing"]
    throw new ClientError("group_refused", what, { nextStep })
  }
  const others = member
    .members()
    .flatMap(({ identityKey, devices }) => devices.map(({ deviceKey }) => ({ identityKey, deviceKey })))
    .filter(({ deviceKey }) => !equalBytes(deviceKey, device))
  const keyPackages: Uint8Array[] = []
  const missing: Asked[] = []
  const lastResorts: IdentityKey[] = []
  for (const asked of others) {
    const found = await keyPackageOf(context, call, asked, suiteId)
    if (found === undefined) missing.push(asked)
    else keyPackages.push(found.data)
    if (found?.isLastResort === true) lastResorts.push(asked.identityKey)
  }
  if (missing.length > 0) throw notReady(context, missing)
  return { keyPackages, lastResorts }
}

/** `undefined` if the server has none that is theirs and can be used. */
async function keyPackageOf(
  context: Context,
  call: Call,
  { identityKey, deviceKey }: Asked,
  suiteId: number,
): Promise<{ readonly data: Uint8Array; readonly isLastResort: boolean } | undefined> {
  const { suites, clock } = context
  try {
    const data = await fetchSlowly(context, () =>
      call(methods.fetchKeyPackage, { identityKey: deviceKey, cipherSuite: suiteId }),
    )
    const inspected = inspectNow({ suite: suiteOf({ suites }, suiteId), clock }, data)
    const isTheirs =
      inspected.kind === "valid" &&
      equalBytes(inspected.identityKey, identityKey) &&
      equalBytes(inspected.deviceKey, deviceKey)
    return isTheirs ? { data, isLastResort: inspected.isLastResort } : undefined
  } catch (error) {
    if (error instanceof RpcError && NONE.has(error.reason)) return undefined
    throw toClientError(error)
  }
}

/** In a large group we ask faster than a server lets anybody: half of it would be used up for nothing if we gave up then. */
async function fetchSlowly(
  { pulse }: Context,
  fetch: () => Promise<{ readonly data: Uint8Array }>,
): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      return (await fetch()).data
    } catch (error) {
      const isTooFast = error instanceof RpcError && error.reason === "rate_limited"
      if (!isTooFast || error.retryAfterMs > PAUSE_MAX_MS || tries === TRIES) throw error
      await pulse.until(() => false, { timeoutMs: Math.max(error.retryAfterMs, PAUSE_MIN_MS) })
    }
  }
}

const TRIES = 10
const PAUSE_MIN_MS = 100
/** A limit that lasts longer than that is one on key packages, and a person should know. */
const PAUSE_MAX_MS = 5000

/** The device has published none, or is known to nobody any more. */
const NONE: ReadonlySet<string> = new Set(["key_packages_exhausted", "user_unknown"])

function notReady({ contacts }: Context, missing: readonly Asked[]): ClientError {
  const counts = Map.groupBy(missing, ({ identityKey }) => contacts.person(identityKey).username ?? "somebody")
  const candidates = Array.from(counts, ([name, { length }]) => (length === 1 ? name : `${name} (${length} devices)`))
  const what = `not everybody can follow into that cipher suite yet: ${candidates.join(", ")}`
  const { nextStep } = CHANGE_FAILURES.suite_key_package_missing
  return new ClientError("suite_not_ready", what, { nextStep, candidates })
}
