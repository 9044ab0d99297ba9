import type { Command } from "../command.ts"
import { openProfile } from "../open.ts"
import { hex } from "../text.ts"

/** Says who this profile is; needs no server. */
export const whoami: Command = {
  name: "whoami",
  summary: "show the name, key and server of this profile",
  arguments: [],
  options: [],
  examples: [],
  async run(context) {
    await using opened = await openProfile(context)
    const { username, identityKey, serverAddress } = opened.identity
    context.output.result(
      { username, identityKey: hex(identityKey), server: serverAddress, profile: context.profile.folder },
      `${username} at ${serverAddress}`,
      `identity key ${hex(identityKey)}`,
      `profile      ${context.profile.folder}`,
    )
  },
}
