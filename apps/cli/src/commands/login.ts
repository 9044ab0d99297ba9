import type { Command } from "../command.ts"
import { openProfile } from "../open.ts"

/** Makes a new session for an existing identity. */
export const login: Command = {
  name: "login",
  summary: "log in again, after the server ended the session",
  arguments: [],
  options: [],
  examples: ["qpc login"],
  async run(context) {
    await using opened = await openProfile(context)
    const identity = await opened.client.login(opened.identity.username, await context.password())
    const report = await opened.client.sync({ signal: context.signal })
    context.output.result(
      { username: identity.username, pending: report.pending },
      `Logged in as ${identity.username}.`,
    )
  },
}
