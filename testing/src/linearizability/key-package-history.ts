import { methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import type { IdentityKey } from "@qpc/wire"
import type { Prng } from "../simulate/prng.ts"
import type { Call } from "./check-history.ts"
import { takenAs } from "./key-package-model.ts"
import type { KeyPackageInput } from "./key-package-model.ts"
import { recordHistory } from "./record-history.ts"
import { LATER_MS } from "./served.ts"
import type { Served } from "./served.ts"

const CALLS_OF_CLIENT = 4
const CUT_CHANCE = 0.12
/** Few, so that the same package is uploaded again. */
const PACKAGES = 8

/** Lets one person with two devices stock key packages while two others take them. */
export async function recordKeyPackages(served: Served, prng: Prng): Promise<Call<KeyPackageInput>[]> {
  const [owner, ...others] = [await served.enrol(prng), await served.enrol(prng), await served.enrol(prng)]
  const draw = prng.fork("inputs")
  const scriptOf = (isOwner: boolean): KeyPackageInput[] =>
    Array.from({ length: CALLS_OF_CLIENT }, () => (isOwner ? drawInput(draw) : { kind: "take" }))
  const scripts = [owner, owner, ...others].map((account) => ({ account, inputs: scriptOf(account === owner) }))
  const perform = (rpc: RpcClient, input: KeyPackageInput): Promise<string> =>
    performCall(rpc, owner.identityKey, input)
  return recordHistory({ served, scripts, perform, prng, cutChance: CUT_CHANCE })
}

function drawInput(prng: Prng): KeyPackageInput {
  if (prng.chance(0.2)) return { kind: "last_resort", package: prng.between(100, 101) }
  const packages = Array.from({ length: prng.between(1, 3) }, () => prng.between(1, PACKAGES))
  return { kind: "stock", packages: [...new Set(packages)] }
}

const toPackage = (number: number): { readonly data: Uint8Array; readonly expiresAtMs: bigint } => ({
  data: Uint8Array.of(number),
  expiresAtMs: BigInt(LATER_MS),
})

async function performCall(rpc: RpcClient, owner: IdentityKey, input: KeyPackageInput): Promise<string> {
  switch (input.kind) {
    case "stock": {
      const { available } = await rpc.call(methods.uploadKeyPackage, { keyPackages: input.packages.map(toPackage) })
      return `${available} available`
    }
    case "last_resort":
      await rpc.call(methods.uploadKeyPackage, { keyPackages: [], lastResort: toPackage(input.package) })
      return "kept"
    case "take": {
      const { data, lastResort } = await rpc.call(methods.fetchKeyPackage, { identityKey: owner })
      return takenAs(data[0]!, lastResort)
    }
  }
}
