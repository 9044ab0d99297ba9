import { ClientError } from "@qpc/sdk"
import type { Client, ClientErrorCode, Conversation, DamagedGroup } from "@qpc/sdk"
import { hex } from "./text.ts"

/** A group, though it may be one that cannot be used: what was said there can be read. @throws ClientError */
export function readableGroup(client: Client, nameOrId: string): Conversation | DamagedGroup {
  try {
    return client.conversation(nameOrId)
  } catch (error) {
    if (!(error instanceof ClientError) || !DAMAGED.has(error.code)) throw error
    const damaged = client.damagedGroups().find(({ id }) => hex(id).startsWith(nameOrId.toLowerCase()))
    if (damaged === undefined) throw error
    return damaged
  }
}

const DAMAGED: ReadonlySet<ClientErrorCode> = new Set(["group_damaged", "group_unsupported"])
