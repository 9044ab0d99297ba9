/** QUIC and TLS 1.3 over TCP, with a pinned server. @module */
export {}
