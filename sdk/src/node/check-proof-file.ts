import { suite0001 } from "@qpc/crypto/node"
import { checkServerProof } from "../server-proof.ts"
import type { ServerLie } from "../server-proof.ts"

/** {@link checkServerProof} with the primitives of Node: needs no profile, no server and no group. */
export function checkProofFile(serverKey: Uint8Array, bytes: Uint8Array): ServerLie | undefined {
  return checkServerProof(suite0001, serverKey, bytes)
}
