import { Permissions } from "gbp-stack"

globalThis.invite = Permissions.Invite
