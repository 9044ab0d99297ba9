import type { Fingerprint } from "./server-address.ts"

/** What a client remembers of a server it met. */
export interface KnownServer {
  readonly fingerprint: Fingerprint
  /** The certificate as last seen: QUIC is pinned to exactly this one, and learns a renewed one over TLS. */
  readonly certificatePem: string
}

/**
 * Where a client keeps what it knows of servers. Without it each contact would be the first, and a changed key could not
 * be noticed. Keep it with the user's other secrets: who can write it can move the user to another server.
 */
export interface KnownServers {
  /** @param server - `host:port` */
  load(server: string): Promise<KnownServer | undefined>
  /**
   * @param why - `first_contact`: the key is trusted because it is the first one; show its fingerprint to the user.
   * `confirmed`: the key was given in the address. `renewed`: a new certificate for the same key
   */
  save(server: string, known: KnownServer, why: "first_contact" | "confirmed" | "renewed"): Promise<void>
}

/** Forgets everything at the end of the process: for tests and one-off connections with a fingerprint. */
export function memoryKnownServers(): KnownServers {
  const servers = new Map<string, KnownServer>()
  return {
    load: async (server) => servers.get(server),
    save: async (server, known) => void servers.set(server, known),
  }
}
