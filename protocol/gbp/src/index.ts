/** Group Base Protocol: frames, sequence numbers and replay protection of one group member. @module */
export {}
