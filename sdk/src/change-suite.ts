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
): Promise<readonly Uint8Array[]> {
  const { settings, self, device } = member
  if (member.suiteId === suiteId) return []
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
  for (const asked of others) {
    const keyPackage = await keyPackageOf(context, call, asked, suiteId)
    if (keyPackage === undefined) missing.push(asked)
    else keyPackages.push(keyPackage)
  }
  if (missing.length > 0) throw notReady(context, missing)
  return keyPackages
}

/** `undefined` if the server has none that is theirs and can be used. */
async function keyPackageOf(
  { suites, clock }: Context,
  call: Call,
  { identityKey, deviceKey }: Asked,
  suiteId: number,
): Promise<Uint8Array | undefined> {
  try {
    const { data } = await call(methods.fetchKeyPackage, { identityKey: deviceKey, cipherSuite: suiteId })
    const inspected = inspectNow({ suite: suiteOf({ suites }, suiteId), clock }, data)
    const isTheirs =
      inspected.kind === "valid" &&
      equalBytes(inspected.identityKey, identityKey) &&
      equalBytes(inspected.deviceKey, deviceKey)
    return isTheirs ? data : undefined
  } catch (error) {
    if (error instanceof RpcError && NONE.has(error.reason)) return undefined
    throw toClientError(error)
  }
}

/** The device has published none, or is known to nobody any more. */
const NONE: ReadonlySet<string> = new Set(["key_packages_exhausted", "user_unknown"])

function notReady({ contacts }: Context, missing: readonly Asked[]): ClientError {
  const counts = Map.groupBy(missing, ({ identityKey }) => contacts.person(identityKey).username ?? "somebody")
  const candidates = Array.from(counts, ([name, { length }]) => (length === 1 ? name : `${name} (${length} devices)`))
  const what = `not everybody can follow into that cipher suite yet: ${candidates.join(", ")}`
  const { nextStep } = CHANGE_FAILURES.suite_key_package_missing
  return new ClientError("suite_not_ready", what, { nextStep, candidates })
}
