/** The delivery server: accounts, key packages, ordered inboxes. It cannot read a message. @module */
