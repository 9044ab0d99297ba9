import type { Command } from "../command.ts"
import { chat } from "./chat.ts"
import { demo } from "./demo.ts"
import { device } from "./device.ts"
import { doctor } from "./doctor.ts"
import { createGroup, invite, join, list, members, remove } from "./groups.ts"
import { leave } from "./leave.ts"
import { login } from "./login.ts"
import { history, receive, send } from "./messages.ts"
import { proof } from "./proof.ts"
import { registerUser } from "./register-user.ts"
import { changeSuite, close, demote, promote, rename, roles, timer, updateKeys } from "./settings.ts"
import { whoami } from "./whoami.ts"

/** Everything `qpc` can do, in the order in which a newcomer meets it. */
export const commands: readonly Command[] = [
  demo,
  registerUser,
  login,
  whoami,
  device,
  createGroup,
  invite,
  join,
  send,
  receive,
  chat,
  history,
  list,
  members,
  remove,
  rename,
  timer,
  changeSuite,
  roles,
  promote,
  demote,
  leave,
  close,
  updateKeys,
  proof,
  doctor,
]
