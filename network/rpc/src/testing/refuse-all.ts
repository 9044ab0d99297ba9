import { methods, type MethodName } from "../method.ts"
import { RpcError } from "../rpc-error.ts"
import type { Handlers } from "../rpc-server.ts"

/** Handlers that refuse every call, to be spread under the few that a test serves. */
export function refuseAll(): Handlers<unknown> {
  return Object.fromEntries((Object.keys(methods) as MethodName[]).map(refusal)) as unknown as Handlers<unknown>
}

function refusal(name: MethodName): [MethodName, () => Promise<never>] {
  return [name, () => Promise.reject(new RpcError("unimplemented", "not_served", `${name} is not served here.`))]
}
