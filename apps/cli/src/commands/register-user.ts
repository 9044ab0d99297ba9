import type { Command } from "../command.ts"
import { createProfile } from "../open.ts"
import { hex } from "../text.ts"

/** Makes an identity and its account. */
export const registerUser: Command = {
  name: "register-user",
  summary: "make an identity on this machine and register it with a server",
  arguments: [{ name: "username", description: "the name others will find you by" }],
  options: [],
  examples: ["qpc --server qpc://chat.example:7000#sha256-… register-user alice"],
  async run(context, values) {
    await using client = await createProfile(context)
    const identity = await client.register(values.text("username"), await context.password())
    await client.sync({ signal: context.signal })
    context.output.result(
      { username: identity.username, identityKey: hex(identity.identityKey), server: identity.serverAddress },
      `Registered as ${identity.username}.`,
      `Your identity key: ${hex(identity.identityKey)}`,
      `Your profile: ${context.profile.folder} (opens only with your password; there is no other copy)`,
    )
  },
}
