import { audioTargets } from "./audio-targets.ts"
import { capsuleTarget } from "./capsule-target.ts"
import { layerTargets } from "./layer-targets.ts"
import { memberTarget, serverlessMemberTarget } from "./member-target.ts"
import { mlsTargets } from "./mls-targets.ts"
import { rpcTargets } from "./rpc-targets.ts"
import type { FuzzTarget } from "./target.ts"

/** Every decoder that takes bytes from strangers. Making them makes a group and its messages. */
export function allTargets(): FuzzTarget[] {
  const layers = [...layerTargets(), ...audioTargets(), ...mlsTargets(), ...rpcTargets()]
  return [...layers, memberTarget(), serverlessMemberTarget(), capsuleTarget()]
}
