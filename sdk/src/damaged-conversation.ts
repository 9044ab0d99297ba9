import { toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { Conversation, DamagedGroup, HistoryRange } from "./api.ts"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { findConversation } from "./conversation.ts"
import { giveUpDamaged } from "./damaged-groups.ts"
import { damagedGroupError, damageNextStep } from "./group-damage.ts"
import type { GroupDamage } from "./group-damage.ts"
import type { StoredMessage } from "./model.ts"

/** What a damaged group needs of its client. */
interface DamagedParts {
  readonly context: Context
  readonly groupId: GroupId
  readonly damage: GroupDamage
  /** Reads what was said there. */
  readonly history: Conversation["history"]
  /** Called when the members can be asked. Must not throw. */
  readonly onGivenUp: () => void
}

/** A damaged group as a person sees it. */
export class DamagedConversation implements DamagedGroup {
  readonly id: GroupId
  readonly damage: GroupDamage
  readonly nextStep: string
  readonly #parts: DamagedParts

  constructor(parts: DamagedParts) {
    this.id = parts.groupId
    this.damage = parts.damage
    this.nextStep = damageNextStep(parts.damage)
    this.#parts = parts
  }

  history(range?: HistoryRange): Promise<readonly StoredMessage[]> {
    return this.#parts.history(range)
  }

  async giveUp(): Promise<void> {
    const { context, onGivenUp } = this.#parts
    await giveUpDamaged(context, this.id)
    onGivenUp()
  }
}

/**
 * Finds a conversation among those that can be used.
 *
 * @throws ClientError as {@link findConversation}; `group_damaged` and `group_unsupported` for the id of one that cannot be used, or an
 *   unambiguous beginning of it: its name nobody can read
 */
export function findUsable(
  conversations: readonly Conversation[],
  damaged: readonly DamagedGroup[],
  nameOrId: string,
): Conversation {
  try {
    return findConversation(conversations, nameOrId)
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== "conversation_unknown" || damaged.length === 0) throw error
    const wanted = nameOrId.toLowerCase()
    const named = wanted.length >= 4 ? damaged.filter(({ id }) => toHex(id).startsWith(wanted)) : []
    const [only] = named
    if (only !== undefined && named.length === 1) throw damagedGroupError(only.id, only.damage)
    const ids = damaged.map(({ id }) => toHex(id).slice(0, 8)).join(", ")
    const nextStep = `${error.nextStep} Groups of this profile that cannot be used have no name here, but an id: ${ids}.`
    throw new ClientError(error.code, error.message, { nextStep, candidates: error.candidates, cause: error })
  }
}
