// Made of the document of the API by `make api`; a test compares. Do not edit.

export interface paths {
    "/.well-known/host-meta": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where addresses of this host are described: nowhere but here. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description XRD */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/nodeinfo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the description of this node is. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this service does of OAuth. Over plain HTTP it says nothing: apps would refuse its addresses (W10 in docs/apps.md). */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Metadata"];
                    };
                };
                /** @description Served by plain HTTP */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/account/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Closes the account for good: the profile, its dweets and its sessions go, and the nick is never given out again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CloseParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
                /** @description The password is wrong */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/accounts/{id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What somebody has said of their devices, oldest first, 200 at once. Whoever relies on it checks the signatures and the chain. */
        get: {
            parameters: {
                query?: {
                    /** @description The first statement that is asked for: 0 if not said. */
                    from?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeviceRecord"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/accounts/{id}/expired": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which of one's own messages to somebody their home has let go after 30 days, since none of their devices came for them: those of the
         *     last 60 days.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": string[];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/accounts/{id}/key_packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes one key package of each device of somebody, to begin to write to them. Nothing comes back for who has no device yet. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it gets the same ones */
                    "Idempotency-Key"?: string | null;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["KeyPackage"][];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/accounts/{id}/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where somebody's devices say that they can be reached directly. Whoever relies on it checks the signatures. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Presence"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/boxes/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Looks into one of one's sealed boxes. Only with a session opened by the password. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SealedBox"];
                    };
                };
                /** @description There is nothing in it, or not any more */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /**
         * Fills one of one's sealed boxes over what was seen in it. The same bytes over the same version count again. Only with a session
         *     opened by the password.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Filling"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Filled"];
                    };
                };
                /** @description There is another version in it */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** Empties one of one's sealed boxes, if that version is still in it. Only with a session opened by the password. */
        delete: {
            parameters: {
                query: {
                    /** @description The version that was seen. */
                    version: number;
                };
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/ca": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ring's CA certificate. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The certificate as PEM */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-x509-ca-cert": string;
                    };
                };
                /** @description This machine has no certificate by the ring */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/community": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this community has settled: who may register, its rules, and how it greets. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Community"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Settles something else. For admins; only with a session opened by the password. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Settling"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
                /** @description Somebody else has just settled something */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        trace?: never;
    };
    "/api/tertulia/v1/conversations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a conversation of one's own has come, and its commits of the last 30 days. */
        get: {
            parameters: {
                query?: {
                    /** @description The first group of which commits are asked for. */
                    generation?: number;
                    /** @description The first epoch whose end is asked for. */
                    epoch?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Conversation"];
                    };
                };
                /** @description One is not in it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/conversations/{id}/commits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hands in a commit. One counts at each epoch; the same bytes count again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The conversation */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewCommit"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Committed"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a device of one's own, or revokes one: the next statement of the chain. Only with a session opened by the password. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it changes nothing twice */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["DeviceRecord"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
                /** @description Another statement came first: read the chain again */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Machines at which the ring can be entered: at most five that live. Every answer of this API has a header
         *     `Tertulia-Entries` with the list's version; who holds another version fetches the list and keeps it.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Entries"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/growth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many people came and how much was written on each of the last 400 days, the oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["GrowthDay"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/home/next": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** More of the home timeline: the newest unseen first; once all was seen, older ones. What it answers counts as seen. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it gets the same page */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NextParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["More"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/home/seen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Counts as seen what has arrived up to a dweet. Answers what is unseen still. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SeenParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Unseen"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/home/unseen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many dweets of the home timeline are unseen. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Unseen"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own invitations, newest first. Only with a session opened by the password. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitation"][];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes an invitation. For moderators, and for everybody where the community has settled that. Only with a session opened by the
         *     password. The code is shown now and never again.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it in the same session gets the same invitation */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Inviting"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitation"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who invites with a code, and until when; 422 if it is good for nobody (any more). */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The code */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invited"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Takes one of one's invitations back. Whoever has used it stays. Only with a session opened by the password. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/key_packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts key packages of one's device where others find them. Answers how many there are. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it changes nothing twice */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Stock"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PackagesLeft"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens a session. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LoginParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description Wrong nick or password */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session: its token is worthless from now on, everywhere. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/mailbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The letters that wait for one of one's devices. */
        get: {
            parameters: {
                query: {
                    /** @description For which of one's devices. */
                    device: string;
                    /** @description Behind which letter: 0 if not said. */
                    after?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Mailbox"];
                    };
                };
                /** @description The device has been revoked */
                410: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/mailbox/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says that a device has kept all letters up to a number: they are deleted once all of one's devices have them. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Kept"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hands in a message. The answer says for each recipient whether their home has it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Outgoing"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Deposited"][];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/dweets/{id}/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes somebody's dweet, as if they had done it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What moderators did, newest first: who, what, to whom, when and why. For moderators. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Deed"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who has a role or is suspended; or, for moderators alone, anybody. Only with a session opened by the password. */
        get: {
            parameters: {
                query?: {
                    /** @description Only who has this nick, whether noted or not. */
                    nick?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Dossier"][];
                    };
                };
                /** @description Not for you */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/people/{id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives somebody a role. For admins, and not over other admins. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Giving"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/people/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Suspends somebody: their sessions end, they cannot log in, and nobody sees what is theirs. Nothing is deleted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Why"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/people/{id}/unsuspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a suspension back: all is as it was. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Why"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The reports that wait, or those that were settled, newest first. For moderators; only with a session opened by the password. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                    /** @description Those that were settled, instead of those that wait. */
                    resolved?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Report"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/moderation/reports/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Settles a report. For moderators whom it is not about; only with a session opened by the password. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Resolving"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Decision"];
                    };
                };
                /** @description It is settled already */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes the password. All other sessions end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
                /** @description The current password is wrong */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says where one of one's devices can be reached directly; without addresses, that it cannot be. The one with the highest counter is
         *     kept until it expires, and shown to whoever on this ring is not blocked. To be said when it changes, not to show that one lives.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Presence"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
                /** @description A newer one is there */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The device has been revoked */
                410: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes an account and logs in. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description A repeat with it gets the same account */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RegisterParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description Nobody can register, or not without an invitation */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The nick is taken, or something does not fit, or the invitation is not good any more */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/ring": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The ring: its machines, ranges, copies and leaders, who is suspected, and what may be lost. As `tertulia status --json` tells it, without the
         *     machines' own addresses and disks.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/ring/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened on the ring, as far as this machine heard of it: to be asked again from time to time, at the same machine. */
        get: {
            parameters: {
                query?: {
                    /** @description `next` of the answer before; without it, all that is remembered. */
                    after?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Told"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is logged in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tertulia/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of one's sessions. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
                /** @description There is none with this id */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Several accounts. */
        get: {
            parameters: {
                query?: {
                    /** @description Which; unknown ones are left out. */
                    id?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes an account, for an application with a token of its own; answers a token for it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AccountParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description Something does not fit; `details` says what */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/familiar_followers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account of a nick. */
        get: {
            parameters: {
                query: {
                    /** @description The nick, perhaps with this service's host behind an @. */
                    acct: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"];
                    };
                };
                /** @description Nobody has this nick */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/relationships": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How one stands to others, in their order. */
        get: {
            parameters: {
                query?: {
                    /** @description To whom. */
                    id?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** People whose nick or name begins so. */
        get: {
            parameters: {
                query?: {
                    /** @description How the nick or name begins. */
                    q?: string;
                    /** @description How many: 40 if not said, at most 80. */
                    limit?: number;
                    /** @description Only those whom one follows. */
                    following?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/update_credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes one's profile. Pictures are not kept here, and passed over. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Changes"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialAccount"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/accounts/verify_credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialAccount"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account of an id. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"];
                    };
                };
                /** @description Nobody has this id */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Blocks somebody: neither sees the other any more, and follows end. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
                /** @description Nobody has this id */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/featured_tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/follow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Follows somebody, or changes whether their redweets are wanted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FollowParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
                /** @description Nobody has this id */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/followers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who follows somebody. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/following": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom somebody follows. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/identity_proofs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/lists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mutes somebody: their dweets stay out of one's timelines, and they do not learn of it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MuteParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
                /** @description Nobody has this id */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/statuses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Somebody's dweets and redweets, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                    /** @description Without replies. */
                    exclude_replies?: boolean;
                    /** @description Without redweets. */
                    exclude_reblogs?: boolean;
                    /** @description Only with pictures: there are none. */
                    only_media?: boolean;
                    /** @description Only pinned ones: there are none. */
                    pinned?: boolean;
                    /** @description Only with this hashtag. */
                    tagged?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a block. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/unfollow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops following somebody. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{id}/unmute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a mute. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Relationship"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/announcements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Registers an application. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AppParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CredentialApplication"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apps/verify_credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The application of a token, be it the application's own or a person's. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Application"];
                    };
                };
                /** @description The token is not valid */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The session was opened without an application */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom one blocks. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bookmarks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's bookmarks, the latest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/conversations/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** This service has none of it */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/custom_emojis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/directory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/domain_blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endorsements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/favourites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's favourites, the newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/featured_tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/filters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /** there are no filters here: mute the person */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description there are no filters here: mute the person */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/filters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/follow_requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/follow_requests/{id}/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** This service has none of it */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/follow_requests/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** This service has none of it */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/followed_tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The service, as older apps ask for it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InstanceV1"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance/domain_blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance/peers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rules of the house. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Rule"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/lists": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /** there are no lists here */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description there are no lists here */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/lists/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/lists/{id}/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /** This service has none of it */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Up to where one has read. */
        get: {
            parameters: {
                query?: {
                    /** @description `home`, `notifications` or both. */
                    timeline?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Markers"];
                    };
                };
            };
        };
        put?: never;
        /** Says up to where one has read. The home timeline's counts as seen. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewMarkers"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Markers"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** dweets are text: pictures are not kept here */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description dweets are text: pictures are not kept here */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/media/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/mutes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom one mutes. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What others did, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                    /** @description Only these kinds: `mention`, `reblog`, `favourite`, `follow`. */
                    types?: string[];
                    /** @description All kinds but these. */
                    exclude_types?: string[];
                    /** @description Only what this account did. */
                    account_id?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Notification"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes all of them away. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/unread_count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many are newer than the marker. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UnreadCount"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of them. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Notification"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notifications/{id}/dismiss": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes one away. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/polls/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/polls/{id}/votes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** This service has none of it */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How an app should behave, as far as the account says. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description By Mastodon's names */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/push/subscription": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /** push messages need the Internet: keep a stream open instead */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description push messages need the Internet: keep a stream open instead */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the moderators of somebody. At most 20 a day. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Filing"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scheduled_statuses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scheduled_statuses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, where old apps look for it. */
        get: {
            parameters: {
                query?: {
                    /** @description A nick or name, a hashtag, or the address of a person or dweet. */
                    q?: string;
                    /** @description `accounts`, `statuses` or `hashtags`; all if not said. */
                    type?: string;
                    /** @description How many of each: 20 if not said, at most 40. */
                    limit?: number;
                    /** @description How many to pass over: there is one page, so nothing lies behind it. */
                    offset?: number;
                    /** @description Only people whom one follows. */
                    following?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Search"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Several dweets. */
        get: {
            parameters: {
                query?: {
                    /** @description Which; those that one may not read are left out. */
                    id?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        /** Publishes a dweet. With an `Idempotency-Key` a repeat gets the same dweet. */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Kept for a day, per account */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                /** @description Too long, empty, or not for this service */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A dweet. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                /** @description There is none, or it is not for the caller */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** Changes the words of one's own dweet; for whom it is and what it answers stay. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Written"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        post?: never;
        /** Deletes one's own dweet, everywhere. The answer has its text, so that it can be written anew. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                /** @description There is none, or it is not one's own */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/bookmark": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bookmarks a dweet: of a redweet, the original. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a dweet answers, and what answers it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Context"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/favourite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a dweet one's favourite. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/favourited_by": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whose favourite a dweet is. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A dweet's words over time, oldest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Edit"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refused: conversations cannot be muted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Not kept here */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/pin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refused: dweets cannot be pinned. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Not kept here */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/reblog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Redweets a dweet: it joins one's profile and reaches one's followers. Again is the same redweet. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                /** @description It is for followers only */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/reblogged_by": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who redweeted a dweet. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Account"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/source": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A dweet as it was typed. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StatusSource"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/unbookmark": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a bookmark back, also of a dweet that is gone: then there is nothing to answer with but 404. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                /** @description The dweet is gone, and so is its bookmark */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/unfavourite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes it one's favourite no more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/unmute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What never was so is so no more: answers the dweet. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/unpin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What never was so is so no more: answers the dweet. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statuses/{id}/unreblog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a redweet back. Answers the original. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streaming": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same by WebSocket: several streams on one connection, by `{"type": "subscribe", "stream": …}`.
         * @description The token comes as in other requests, or as `Sec-WebSocket-Protocol`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description For a WebSocket: what to listen to from the start. */
                    stream?: string;
                    /** @description For hashtags: which. */
                    tag?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Messages `{stream, event, payload}` */
                101: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description No WebSocket is asked for */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streaming/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether there is streaming here. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description OK */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streaming/{stream}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens, as server-sent events: `update`, `status.update`, `delete` and `notification`; of a mailbox `letter`, with the
         *     number of the letter that came.
         */
        get: {
            parameters: {
                query?: {
                    /** @description For a WebSocket: what to listen to from the start. */
                    stream?: string;
                    /** @description For hashtags: which. */
                    tag?: string;
                };
                header?: never;
                path: {
                    /** @description `user`, `public`, `hashtag`, `mailbox`; `list` and `direct` stay silent */
                    stream: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events, until either end closes */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streaming/{stream}/{part}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A part of what happens, as server-sent events. */
        get: {
            parameters: {
                query?: {
                    /** @description For a WebSocket: what to listen to from the start. */
                    stream?: string;
                    /** @description For hashtags: which. */
                    tag?: string;
                };
                header?: never;
                path: {
                    /** @description `user`, `public` or `hashtag` */
                    stream: string;
                    /** @description `notification` of `user`; `local` of the others; `remote` stays silent */
                    part: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events, until either end closes */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/suggestions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/timelines/home": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What those whom one follows wrote and redweeted, and one's own, newest first. Reading marks nothing as seen. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/timelines/list/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** There are no lists. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description There are no lists */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/timelines/public": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody's public dweets, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                    /** @description Only this service's: all are. */
                    local?: boolean;
                    /** @description Only other services': there are none. */
                    remote?: boolean;
                    /** @description Only with pictures: there are none. */
                    only_media?: boolean;
                    /** @description Also these hashtags. */
                    any?: string[];
                    /** @description All of these hashtags, too. */
                    all?: string[];
                    /** @description None of these hashtags. */
                    none?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/timelines/tag/{hashtag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Public dweets with a hashtag, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only what is older than this id. */
                    max_id?: string;
                    /** @description Only what is newer than this id; the newest of it. */
                    since_id?: string;
                    /** @description Only what is newer than this id; what comes right after it. */
                    min_id?: string;
                    /** @description How many: 20 if not said, at most 40 (80 for people). */
                    limit?: number;
                    /** @description Only this service's: all are. */
                    local?: boolean;
                    /** @description Only other services': there are none. */
                    remote?: boolean;
                    /** @description Only with pictures: there are none. */
                    only_media?: boolean;
                    /** @description Also these hashtags. */
                    any?: string[];
                    /** @description All of these hashtags, too. */
                    all?: string[];
                    /** @description None of these hashtags. */
                    none?: string[];
                };
                header?: never;
                path: {
                    hashtag: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trends/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trends/statuses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trends/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/filters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        /** there are no filters here: mute the person */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description there are no filters here: mute the person */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/filters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        /** This service has none of it */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        post?: never;
        /** This service has none of it */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description This service has none of it */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/instance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The service. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Instance"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** dweets are text: pictures are not kept here */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description dweets are text: pictures are not kept here */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** People whose nick or name begins so, and a hashtag; an address finds what it leads to. */
        get: {
            parameters: {
                query?: {
                    /** @description A nick or name, a hashtag, or the address of a person or dweet. */
                    q?: string;
                    /** @description `accounts`, `statuses` or `hashtags`; all if not said. */
                    type?: string;
                    /** @description How many of each: 20 if not said, at most 40. */
                    limit?: number;
                    /** @description How many to pass over: there is one page, so nothing lies behind it. */
                    offset?: number;
                    /** @description Only people whom one follows. */
                    following?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Search"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/suggestions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An empty list: this service has none of it */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description An empty list: this service has none of it */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers at all. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It does */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures for Prometheus: for who asks on the machine's own computer, unless they were opened to all. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Figures */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description Not for who asks from elsewhere */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/nodeinfo/2.0": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The description of this node, for programs that compare services. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page on which a person lets an application in, or refuses. */
        get: {
            parameters: {
                query?: {
                    /** @description `code`. */
                    response_type?: string;
                    /** @description The application. */
                    client_id?: string;
                    /** @description Where the code goes: an address that it registered. */
                    redirect_uri?: string;
                    /** @description Separated by spaces; `read` if not said. */
                    scope?: string;
                    /** @description Comes back with the code. */
                    state?: string;
                    /** @description For PKCE. */
                    code_challenge?: string;
                    /** @description `S256`. */
                    code_challenge_method?: string;
                    /** @description In which language to ask: `en` or `es`. */
                    lang?: string;
                    /** @description Taken and not needed: nobody is logged in here. */
                    force_login?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The page */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
                /** @description Back to the application, with what is wrong with its request */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The application or its address is not known */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
            };
        };
        put?: never;
        /** The form of that page. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/x-www-form-urlencoded": components["schemas"]["Answer"];
                };
            };
            responses: {
                /** @description The code, to be copied */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
                /** @description Back to the application, with the code or the refusal */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The page again, and what was wrong */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a token back. One that is not known is worthless already (RFC 7009). */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RevokeParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EmptyObject"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives out a token. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TokenParams"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description The grant is not valid */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The application is not known */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the machine can serve people: its groups have leaders, and it is not stopping. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It can */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description Not now */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Somebody's profile. */
        Account: {
            /** @description The nick again: there is no other service to name. */
            acct: string;
            /** @description Address of the picture. */
            avatar: string;
            /** @description Address of the picture. */
            avatar_static: string;
            /** @description Whether a program writes here: never known. */
            bot: boolean;
            /** @description When the account was made. */
            created_at: components["schemas"]["Timestamp"];
            /** @description Whether the profile may be recommended: always. */
            discoverable: boolean;
            /** @description The display name, or the nick if there is none. */
            display_name: string;
            /** @description Custom emoji in name or bio: none. */
            emojis: components["schemas"]["EmptyList"];
            /** @description Profile fields: none. */
            fields: components["schemas"]["EmptyList"];
            /**
             * Format: int64
             * @description How many follow this person.
             */
            followers_count: number;
            /**
             * Format: int64
             * @description How many this person follows.
             */
            following_count: number;
            /** @description Whether this is a group: never. */
            group: boolean;
            /** @description Address of the banner. */
            header: string;
            /** @description Address of the banner. */
            header_static: string;
            /** @description The account's id. */
            id: string;
            /** @description Whether search engines may index: never. */
            indexable: boolean;
            last_status_at?: components["schemas"]["Date"] | null;
            /** @description Whether follows need consent: never. */
            locked: boolean;
            /** @description The bio, as HTML. */
            note: string;
            /** @description Public roles: none. */
            roles: components["schemas"]["EmptyList"];
            /**
             * Format: int64
             * @description How many dweets and redweets are on the profile.
             */
            statuses_count: number;
            /** @description The profile's address, again. */
            uri: string;
            /** @description The profile's address. */
            url: string;
            /** @description The nick. */
            username: string;
        };
        /** @description Limits of accounts. */
        AccountLimits: {
            /**
             * Format: int32
             * @description How many hashtags can be featured.
             */
            max_featured_tags: number;
            /**
             * Format: int32
             * @description How many dweets can be pinned.
             */
            max_pinned_statuses: number;
        };
        AccountParams: {
            /**
             * @description Nothing needs to be agreed to.
             * @default false
             */
            agreement?: boolean;
            /**
             * @description Neither needed nor kept.
             * @default
             */
            email?: string;
            /**
             * @description The code of an invitation.
             * @default null
             */
            invite_code?: string | null;
            /**
             * @description The language of new dweets.
             * @default null
             */
            locale?: string | null;
            /** @default  */
            password?: string;
            /** @default  */
            username?: string;
        };
        /** @description A device that is added. */
        AddedDevice: {
            /** @description Its signature key: 32 bytes. The first half of its SHA-256 is the device's id. */
            key: components["schemas"]["Base64"];
            /** @description What its owner calls it. */
            label: string;
        };
        /** @description What the person sends: the form, with what the application asked for in it. */
        Answer: components["schemas"]["Asked"] & {
            /**
             * @description `yes` or `no`.
             * @default
             */
            allow?: string;
            /**
             * @description Who lets it in.
             * @default
             */
            nick?: string;
            /**
             * @description Their password.
             * @default
             */
            password?: string;
            /**
             * @description The same as in the cookie.
             * @default
             */
            proof?: string;
        };
        /** @description Which revision of the API this is. */
        ApiVersions: {
            /**
             * Format: int32
             * @description Of Mastodon's API.
             */
            mastodon: number;
        };
        AppParams: {
            /** @default  */
            client_name?: string;
            /**
             * @description One per line, or a list.
             * @default []
             */
            redirect_uris?: string[];
            /**
             * @description Separated by spaces; `read` if not said.
             * @default
             */
            scopes?: string;
            /** @default null */
            website?: string | null;
        };
        /** @description An app, as anyone may see it. */
        Application: {
            /** @description The app's id. */
            id: string;
            /** @description The name it gave. */
            name: string;
            /** @description All of `redirect_uris`, one per line. */
            redirect_uri: string;
            /** @description Where it may be sent back to. */
            redirect_uris: string[];
            /** @description What it may ask for. */
            scopes: string[];
            /** @description The key for Web Push, which needs the Internet: empty. */
            vapid_key: string;
            /** @description The home page it gave. */
            website?: string | null;
        };
        /** @description What an application asks for; the form sends it again. */
        Asked: {
            /**
             * @description The application.
             * @default
             */
            client_id?: string;
            /**
             * @description For PKCE.
             * @default null
             */
            code_challenge?: string | null;
            /**
             * @description `S256`.
             * @default null
             */
            code_challenge_method?: string | null;
            /**
             * @description Taken and not needed: nobody is logged in here.
             * @default null
             */
            force_login?: string | null;
            /**
             * @description In which language to ask: `en` or `es`.
             * @default null
             */
            lang?: string | null;
            /**
             * @description Where the code goes: an address that it registered.
             * @default
             */
            redirect_uri?: string;
            /**
             * @description `code`.
             * @default
             */
            response_type?: string;
            /**
             * @description Separated by spaces; `read` if not said.
             * @default
             */
            scope?: string;
            /**
             * @description Comes back with the code.
             * @default null
             */
            state?: string | null;
        };
        /**
         * Format: byte
         * @description Bytes, in JSON as base64.
         */
        Base64: string;
        /** @description What can be changed of a profile. */
        Changes: {
            /**
             * @description Whether a program writes here.
             * @default null
             */
            bot?: boolean | null;
            /**
             * @description Whether to be listed.
             * @default null
             */
            discoverable?: boolean | null;
            /**
             * @description Up to 30 characters.
             * @default null
             */
            display_name?: string | null;
            /**
             * @description Up to 500 characters.
             * @default null
             */
            note?: string | null;
            /**
             * @description How new dweets are, unless said otherwise.
             * @default {
             *       "language": null,
             *       "privacy": null,
             *       "sensitive": null
             *     }
             */
            source?: components["schemas"]["DefaultChanges"];
        };
        CloseParams: {
            password: string;
        };
        /** @description A commit that counts. */
        Commit: components["schemas"]["Progress"] & {
            /** @description An `MLSMessage` of RFC 9420. */
            commit: components["schemas"]["Base64"];
        };
        /** @description What became of a commit. */
        Committed: {
            /** @description Whether it counts. */
            is_accepted: boolean;
            now?: components["schemas"]["Progress"] | null;
            winner?: components["schemas"]["Base64"] | null;
        };
        /** @description What a community has settled. */
        Community: {
            /** @description What this place is; may be empty. */
            description: string;
            /** @description Whether everybody may invite, or moderators only. */
            members_may_invite: boolean;
            /** @description Who may register: `open`, `invitation` or `closed`. */
            registration: string;
            /** @description The rules of the house. */
            rules: string[];
            /** @description The ring's name. */
            title: string;
            /** @description What newcomers are told; may be empty. */
            welcome: string;
        };
        /** @description Whom to ask. */
        Contact: {
            account?: components["schemas"]["Account"] | null;
            /** @description An address: empty. */
            email: string;
        };
        /** @description What stands around a dweet in its conversation. */
        Context: {
            /** @description What it answers, oldest first. */
            ancestors: components["schemas"]["Status"][];
            /** @description What answers it, depth first. */
            descendants: components["schemas"]["Status"][];
        };
        /** @description A conversation, as its home knows it. */
        Conversation: components["schemas"]["Progress"] & {
            /** @description Its commits, oldest first: some of them. The epoch behind the last one asks for more. */
            commits: components["schemas"]["Commit"][];
            /** @description Who is in it. */
            people: string[];
        };
        /** @description One's own profile, with what an edit form needs. */
        CredentialAccount: components["schemas"]["Account"] & {
            /** @description What this person may do. */
            role: components["schemas"]["Role"];
            /** @description What was typed, before it was rendered. */
            source: components["schemas"]["Source"];
        };
        /** @description An app, as its maker sees it once, at registration. */
        CredentialApplication: components["schemas"]["Application"] & {
            /** @description What it calls itself by. */
            client_id: string;
            /** @description What it proves itself by. */
            client_secret: string;
            /**
             * Format: int64
             * @description When the secret ends: 0, never.
             */
            client_secret_expires_at: number;
        };
        /** Format: date */
        Date: string;
        /** @description What came of a decision. */
        Decision: {
            /** @description Whether the home that it concerns has taken it; if not, it is on its way there, and the log will say what came of it. */
            done: boolean;
            /** @description Its number in the log. */
            id: string;
        };
        /** @description An entry of the log of what moderators did. */
        Deed: {
            /** @description When it was decided. */
            at: components["schemas"]["Timestamp"];
            by?: components["schemas"]["Named"] | null;
            /** @description What more there is to say of it: the role, the dweet, … */
            detail?: string | null;
            /** @description Its number. */
            id: string;
            /** @description The machine whose operator it was. */
            machine?: string | null;
            /** @description What: `give_role`, `suspend`, `unsuspend`, `delete_dweet`, …; there may be more. */
            measure: string;
            /** @description Why the home that it concerns refused it; null: it was done. */
            refused?: string | null;
            whom?: components["schemas"]["Named"] | null;
            /** @description Why, in the moderator's words; may be empty. */
            why: string;
        };
        DefaultChanges: {
            /** @default null */
            language?: string | null;
            /** @default null */
            privacy?: components["schemas"]["Visibility"] | null;
            /** @default null */
            sensitive?: boolean | null;
        };
        Deletion: {
            /** @description The id of the dweet's author. */
            author: string;
            /** @description In the moderator's words, for the log; up to 500 characters. */
            why?: string;
        };
        /** @description What became of a letter at the home of one recipient. */
        Deposited: {
            /** @description The recipient. */
            account: string;
            /** @description Why not, for a program: as in other refusals. With `unavailable`, `busy` or `limit` it may be tried again later. */
            code?: string | null;
            /** @description Why not, for a person. */
            error?: string | null;
            /**
             * Format: int64
             * @description Its number in their mailbox, on a majority's disks; not there if it was refused, or their home did not answer.
             */
            number?: number | null;
        };
        /** @description What a person says of one of their devices: see [`crate::device`]. One of `add` and `revoke` is there. */
        DeviceRecord: {
            /** @description Whose devices. */
            account: string;
            add?: components["schemas"]["AddedDevice"] | null;
            /** @description The person's identity key: 32 bytes. */
            identity: components["schemas"]["Base64"];
            /**
             * Format: int64
             * @description When it was made, in milliseconds since 1970.
             */
            made_ms: number;
            /** @description The SHA-256 of the statement before; 32 zero bytes before the first. */
            previous: components["schemas"]["Base64"];
            /** @description The device that is not theirs any more. */
            revoke?: string | null;
            /**
             * Format: int32
             * @description 0 for the first, and one more for each.
             */
            sequence: number;
            /** @description By the identity key, over the statement: 64 bytes. */
            signature: components["schemas"]["Base64"];
        };
        /** @description Somebody as moderators see them. */
        Dossier: {
            /** @description Their profile, also while they are suspended. */
            account: components["schemas"]["Account"];
            /** @description Their role. */
            role: string;
            /** @description Whether they are suspended. */
            suspended: boolean;
        };
        /** @description A form of a dweet over time. */
        Edit: {
            /** @description Who wrote it. */
            account: components["schemas"]["Account"];
            /** @description The text, as HTML. */
            content: string;
            /** @description Since when it was so. */
            created_at: components["schemas"]["Timestamp"];
            /** @description Custom emoji: none. */
            emojis: components["schemas"]["EmptyList"];
            /** @description Pictures: none. */
            media_attachments: components["schemas"]["EmptyList"];
            /** @description Whether it was hidden until asked for. */
            sensitive: boolean;
            /** @description The content warning. */
            spoiler_text: string;
        };
        EmptyList: Record<string, never>[];
        /** @description `{}`: the answer to an action that has nothing to tell (a body without JSON makes masto.js fail). */
        EmptyObject: Record<string, never>;
        /** @description Machines at which the ring can be entered. */
        Entries: {
            /**
             * @description SHA-256 of the certificate of the ring's authority, as 64 lower-case hexadecimal digits; null where the ring's
             *     machines are reached without one.
             */
            ca_fingerprint?: string | null;
            /** @description At most five that live, the one that answers first. */
            machines: components["schemas"]["EntryMachine"][];
            /** @description The ring: sixteen hexadecimal digits. */
            ring: string;
            /**
             * Format: int64
             * @description Changes with the list, and is the same at every machine that knows the same list. The header `Tertulia-Entries` of
             *     every answer names it.
             */
            version: number;
        };
        /** @description A machine at which the ring can be entered. */
        EntryMachine: {
            /** @description Which: sixteen hexadecimal digits. */
            id: string;
            /** @description Where clients reach it: at most three addresses, the best first. */
            urls: string[];
        };
        Filing: {
            /**
             * @description Whom it is about.
             * @default
             */
            account_id?: string;
            /**
             * @description `spam`, `violation`, `legal` or `other`.
             * @default null
             */
            category?: string | null;
            /**
             * @description Up to 1 000 characters.
             * @default
             */
            comment?: string;
            /**
             * @description Which of their dweets, at most 20.
             * @default []
             */
            status_ids?: string[];
        };
        /** @description A box was filled. */
        Filled: {
            /**
             * Format: int64
             * @description Its version now.
             */
            version: number;
        };
        Filling: {
            /**
             * Format: int64
             * @description The version that is filled over: 0 for an empty box.
             */
            before: number;
            /** @description Up to 256 KiB. */
            body: components["schemas"]["Base64"];
            /** @description Whether it stays until it is emptied; else it goes after ten minutes. */
            is_lasting?: boolean;
        };
        FollowParams: {
            /**
             * @description Whether their redweets are wanted: yes if not said.
             * @default null
             */
            reblogs?: boolean | null;
        };
        Giving: {
            /** @description `member`, `moderator` or `admin`. */
            role: string;
            /** @description In the admin's words, for the log; up to 500 characters. */
            why?: string;
        };
        /** @description A day of the ring. */
        GrowthDay: {
            /**
             * Format: int64
             * @description Accounts that were made.
             */
            accounts: number;
            /** @description Which, by UTC. */
            day: components["schemas"]["Date"];
            /**
             * Format: int64
             * @description Dweets that were published.
             */
            dweets: number;
        };
        /** @description The service, version 2. */
        Instance: {
            /** @description Which revision of the API this is. */
            api_versions: components["schemas"]["ApiVersions"];
            /** @description Addresses and limits. */
            configuration: components["schemas"]["Limits"];
            /** @description Whom to ask. */
            contact: components["schemas"]["Contact"];
            /** @description A sentence or two. */
            description: string;
            /** @description Host, and port if it is not the usual one. */
            domain: string;
            /** @description Icons: none. */
            icon: components["schemas"]["EmptyList"];
            /** @description Languages spoken here, as ISO 639-1 codes. */
            languages: string[];
            /** @description Whether newcomers can register. */
            registrations: components["schemas"]["Registrations"];
            /** @description Rules of the house. */
            rules: components["schemas"]["Rule"][];
            /** @description Where the program comes from. */
            source_url: string;
            /** @description A picture. */
            thumbnail: components["schemas"]["Thumbnail"];
            /** @description The ring's name. */
            title: string;
            /** @description How many people. */
            usage: components["schemas"]["Usage"];
            /** @description In the shape of Mastodon's, for apps that look for features by it. */
            version: string;
        };
        /** @description Addresses, version 2. */
        InstanceUrls: {
            /** @description Where to open a WebSocket. */
            streaming: string;
        };
        /** @description The service, version 1. */
        InstanceV1: {
            /** @description Whether somebody must approve them: no. */
            approval_required: boolean;
            /** @description Limits. */
            configuration: components["schemas"]["LimitsV1"];
            contact_account?: components["schemas"]["Account"] | null;
            /** @description A sentence or two. */
            description: string;
            /** @description Whom to write to: empty. */
            email: string;
            /** @description Whether ordinary people may invite. */
            invites_enabled: boolean;
            /** @description Languages spoken here, as ISO 639-1 codes. */
            languages: string[];
            /** @description The longest dweet, where old apps look for it. */
            max_toot_chars: number;
            /** @description Whether newcomers can register. */
            registrations: boolean;
            /** @description Rules of the house. */
            rules: components["schemas"]["Rule"][];
            /** @description One sentence. */
            short_description: string;
            /** @description How many people and dweets. */
            stats: components["schemas"]["Stats"];
            /** @description A picture. */
            thumbnail?: string | null;
            /** @description The ring's name. */
            title: string;
            /** @description Host, and port if it is not the usual one: toot uses it as the domain. */
            uri: string;
            /** @description Addresses. */
            urls: components["schemas"]["InstanceV1Urls"];
            /** @description As in version 2. */
            version: string;
        };
        /** @description Addresses, version 1. */
        InstanceV1Urls: {
            /** @description Where to open a WebSocket. */
            streaming_api: string;
        };
        /** @description An invitation, as the one who made it sees it. */
        Invitation: {
            /** @description What to give to newcomers; shown once, when it is made. */
            code?: string | null;
            /** @description Until when. */
            expires_at: components["schemas"]["Timestamp"];
            /** @description Its number. */
            id: string;
            /** @description What it is for. */
            note: string;
            /** @description Whether it was taken back. */
            revoked: boolean;
            /**
             * Format: int32
             * @description How many have used it.
             */
            uses: number;
            /**
             * Format: int32
             * @description How many accounts it is good for.
             */
            uses_max: number;
        };
        /** @description An invitation, as a newcomer sees it. */
        Invited: {
            /** @description Who invites. */
            by: components["schemas"]["Named"];
            /** @description Until when. */
            expires_at: components["schemas"]["Timestamp"];
        };
        Inviting: {
            /**
             * Format: int64
             * @description For how many seconds: a week if not said, at most 400 days.
             * @default null
             */
            expires_in?: number | null;
            /**
             * @description What it is for, up to 100 characters.
             * @default
             */
            note?: string;
            /**
             * Format: int32
             * @description How many accounts it is good for: 1 if not said, at most 10 000.
             * @default null
             */
            uses?: number | null;
        };
        Kept: {
            /** @description Which of one's devices. */
            device: string;
            /**
             * Format: int64
             * @description The last letter that it has kept.
             */
            number: number;
        };
        /** @description A key package of a device. */
        KeyPackage: {
            /** @description Whose. */
            device: string;
            /** @description A `KeyPackage` of RFC 9420. */
            package: components["schemas"]["Base64"];
        };
        /** @description A letter that waits in a mailbox. */
        Letter: {
            /** @description When it came. */
            arrived_at: components["schemas"]["Timestamp"];
            /** @description An `MLSMessage` of RFC 9420. */
            body: components["schemas"]["Base64"];
            /** @description Of which conversation. */
            conversation: string;
            /**
             * Format: int64
             * @description Where the group was when it was written; of a commit and a welcome, the epoch that it ended.
             */
            epoch: number;
            /**
             * Format: int32
             * @description Which group of the conversation.
             */
            generation: number;
            /** @description Its name, by which a repeat is known. */
            id: string;
            /** @description What it is: `message`, `commit` or `welcome`. */
            kind: string;
            /**
             * Format: int64
             * @description Its number in this mailbox.
             */
            number: number;
            /** @description Who handed it in. Who wrote it is inside. */
            sender: string;
        };
        /** @description Addresses and limits, version 2. */
        Limits: {
            /** @description Of accounts. */
            accounts: components["schemas"]["AccountLimits"];
            /** @description Of media: there are none. */
            media_attachments: components["schemas"]["MediaLimits"];
            /** @description Of polls: there are none. */
            polls: components["schemas"]["PollLimits"];
            /** @description Of dweets. */
            statuses: components["schemas"]["StatusLimits"];
            /** @description Whether dweets are translated: no. */
            translation: components["schemas"]["Translation"];
            /** @description Addresses; Elk reads `streaming` unguarded. */
            urls: components["schemas"]["InstanceUrls"];
            /** @description The key for Web Push. */
            vapid: components["schemas"]["Vapid"];
        };
        /** @description Limits, version 1. */
        LimitsV1: {
            /** @description Of accounts. */
            accounts: components["schemas"]["AccountLimits"];
            /** @description Of media: there are none. */
            media_attachments: components["schemas"]["MediaLimits"];
            /** @description Of polls: there are none. */
            polls: components["schemas"]["PollLimits"];
            /** @description Of dweets. */
            statuses: components["schemas"]["StatusLimits"];
        };
        LoginParams: {
            /** @description What the session is called in the list. */
            label?: string | null;
            nick: string;
            password: string;
        };
        /** @description Letters for a device. */
        Mailbox: {
            /**
             * Format: int64
             * @description Up to where this device has acknowledged.
             */
            acknowledged: number;
            /** @description Oldest first: some of them. The number of the last one asks for more. */
            letters: components["schemas"]["Letter"][];
            /**
             * Format: int32
             * @description How many key packages the device has left.
             */
            packages_left: number;
            /**
             * Format: int64
             * @description The number of the last letter that came.
             */
            top: number;
        };
        /** @description Up to where somebody has read one timeline. */
        Marker: {
            /** @description The newest id that was read; `0` when nothing was. */
            last_read_id: string;
            /** @description When it changed last. */
            updated_at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Grows with each change.
             */
            version: number;
        };
        /** @description The markers that were asked for; Elk reads them unguarded, so what was asked for is there. */
        Markers: {
            home?: components["schemas"]["Marker"] | null;
            notifications?: components["schemas"]["Marker"] | null;
        };
        /** @description Limits of media: there are none. */
        MediaLimits: {
            /**
             * Format: int64
             * @description In pixels.
             */
            image_matrix_limit: number;
            /**
             * Format: int64
             * @description In bytes.
             */
            image_size_limit: number;
            /** @description What can be uploaded. */
            supported_mime_types: components["schemas"]["EmptyList"];
            /**
             * Format: int64
             * @description Per second.
             */
            video_frame_rate_limit: number;
            /**
             * Format: int64
             * @description In pixels.
             */
            video_matrix_limit: number;
            /**
             * Format: int64
             * @description In bytes.
             */
            video_size_limit: number;
        };
        /** @description Somebody named in a dweet. */
        Mention: {
            /** @description Their nick. */
            acct: string;
            /** @description Their account. */
            id: string;
            /** @description Their profile. */
            url: string;
            /** @description Their nick. */
            username: string;
        };
        /** @description What this service does of OAuth (RFC 8414). */
        Metadata: {
            app_registration_endpoint: string;
            authorization_endpoint: string;
            code_challenge_methods_supported: string[];
            grant_types_supported: string[];
            issuer: string;
            response_modes_supported: string[];
            response_types_supported: string[];
            revocation_endpoint: string;
            scopes_supported: string[];
            token_endpoint: string;
            token_endpoint_auth_methods_supported: string[];
        };
        /** @description The answer to asking for more of the home timeline: newest unseen first, then older. */
        More: {
            /** @description Newest first. */
            dweets: components["schemas"]["Status"][];
            /** @description Whether asking again brings more (older ones, once nothing is unseen). */
            older: boolean;
            /** @description What is unseen still, after these. */
            unseen: components["schemas"]["Unseen"];
        };
        MuteParams: {
            /**
             * Format: int64
             * @description For how many seconds; 0 is for good.
             * @default 0
             */
            duration?: number;
            /**
             * @description Whether their notifications are muted too: yes if not said.
             * @default null
             */
            notifications?: boolean | null;
        };
        /** @description Somebody by id and nick. */
        Named: {
            /** @description The account's id. */
            id: string;
            /** @description The nick. */
            nick: string;
        };
        NewCommit: components["schemas"]["Progress"] & {
            /** @description An `MLSMessage` of RFC 9420 that holds a commit, up to 512 KiB. */
            commit: components["schemas"]["Base64"];
            /** @description Who is in the conversation afterwards, in the order of their ids: up to 256. */
            people: string[];
            welcome?: components["schemas"]["Base64"] | null;
            /** @description Whose devices these are: they get the welcome. */
            welcomed?: string[];
        };
        NewMarker: {
            /** @description The newest id that was read. */
            last_read_id: string;
        };
        NewMarkers: {
            /** @default null */
            home?: components["schemas"]["NewMarker"] | null;
            /** @default null */
            notifications?: components["schemas"]["NewMarker"] | null;
        };
        NextParams: {
            /**
             * Format: int32
             * @description How many: 20 if not said, at most 40.
             * @default null
             */
            limit?: number | null;
        };
        /** @description Something that somebody did. */
        Notification: {
            /** @description Who did it. */
            account: components["schemas"]["Account"];
            /** @description When. */
            created_at: components["schemas"]["Timestamp"];
            /** @description By what apps group notifications: each stands alone. */
            group_key: string;
            /** @description The notification's id. */
            id: string;
            status?: components["schemas"]["Status"] | null;
            /** @description What was done. */
            type: components["schemas"]["NotificationKind"];
        };
        /**
         * @description What was done.
         * @enum {string}
         */
        NotificationKind: "mention" | "reblog" | "favourite" | "follow";
        Outgoing: components["schemas"]["Progress"] & {
            /** @description An `MLSMessage` of RFC 9420, up to 64 KiB. */
            body: components["schemas"]["Base64"];
            /** @description Of which conversation. */
            conversation: string;
            /** @description The message's name, drawn at random: a repeat with it changes nothing twice. */
            id: string;
            /** @description For whom, oneself too if other devices of one's own shall have it: up to 256 people. */
            recipients: components["schemas"]["Recipient"][];
        };
        /** @description How many key packages a device has left. */
        PackagesLeft: {
            /**
             * Format: int32
             * @description Those that are given out once.
             */
            left: number;
        };
        PasswordParams: {
            current: string;
            /** @description 8 to 128 characters. */
            new: string;
        };
        /** @description Limits of polls: there are none. */
        PollLimits: {
            /**
             * Format: int32
             * @description The longest answer.
             */
            max_characters_per_option: number;
            /**
             * Format: int32
             * @description The longest poll, in seconds.
             */
            max_expiration: number;
            /**
             * Format: int32
             * @description How many answers.
             */
            max_options: number;
            /**
             * Format: int32
             * @description The shortest poll, in seconds.
             */
            min_expiration: number;
        };
        /** @description Where a device says that it can be reached directly: see [`crate::presence`]. */
        Presence: {
            /** @description Whose device. */
            account: string;
            /** @description Where, each as `IP:PORT`: up to 8. None: the device cannot be reached directly. */
            addresses: string[];
            /**
             * Format: int64
             * @description Grows from one presence of the device to the next.
             */
            counter: number;
            /** @description Which. */
            device: string;
            /** @description The Ed25519 key that whoever listens there shows: 32 bytes. */
            key: components["schemas"]["Base64"];
            /** @description By the device's key, over the statement: 64 bytes. */
            signature: components["schemas"]["Base64"];
            /**
             * Format: int64
             * @description After this moment it says nothing any more; milliseconds since 1970, a day ahead at most.
             */
            until_ms: number;
            updated_at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description How far a conversation has come. */
        Progress: {
            /**
             * Format: int64
             * @description How many commits the group has gone through.
             */
            epoch: number;
            /**
             * Format: int32
             * @description Which group of the conversation; 0 if there is none yet.
             */
            generation: number;
        };
        Recipient: {
            /** @description Who. */
            account: string;
            /**
             * Format: int32
             * @description How many statements about devices they had made when the message was written: if there are more by now, their home does not take
             *     it (`stale_devices`), since their new device could not read it.
             */
            devices: number;
        };
        RegisterParams: {
            /** @description The code of an invitation. */
            invite?: string | null;
            /** @description What the session is called in the list. */
            label?: string | null;
            /** @description Up to 30 characters; the nick if not said. */
            name?: string | null;
            /** @description 1 to 30 of a to z, 0 to 9 and _. */
            nick: string;
            /** @description 8 to 128 characters. */
            password: string;
        };
        /** @description Whether newcomers can register. */
        Registrations: {
            /** @description Whether somebody must approve them. */
            approval_required: boolean;
            /** @description Whether they can. */
            enabled: boolean;
            /** @description What they are told when they cannot. */
            message?: string | null;
        };
        /** @description How the person who asks stands to the account `id`. */
        Relationship: {
            /** @description Whether it blocks one. */
            blocked_by: boolean;
            /** @description Whether one blocks it. */
            blocking: boolean;
            /** @description Whether one blocks its service: never. */
            domain_blocking: boolean;
            /** @description Whether one features it: never. */
            endorsed: boolean;
            /** @description Whether it follows one. */
            followed_by: boolean;
            /** @description Whether one follows it. */
            following: boolean;
            /** @description The other account. */
            id: string;
            /** @description Only dweets in these languages are shown: all. */
            languages: components["schemas"]["EmptyList"];
            /** @description Whether one mutes it. */
            muting: boolean;
            /** @description Whether its notifications are muted too. */
            muting_notifications: boolean;
            /** @description A private note about it: empty. */
            note: string;
            /** @description Whether each of its dweets is notified. */
            notifying: boolean;
            /** @description Whether a follow waits for consent: never. */
            requested: boolean;
            /** @description Whether it waits for one's consent: never. */
            requested_by: boolean;
            /** @description Whether its redweets are shown. */
            showing_reblogs: boolean;
        };
        /** @description A report, as moderators read it. */
        Report: {
            /** @description About whom. */
            about: components["schemas"]["Named"];
            /** @description When it was filed. */
            at: components["schemas"]["Timestamp"];
            /** @description By whom. */
            by: components["schemas"]["Named"];
            /** @description `spam`, `violation`, `legal` or `other`. */
            category: string;
            /** @description What there is to say. */
            comment: string;
            /** @description The ids of the dweets that it names. */
            dweets: string[];
            /** @description Its number. */
            id: string;
            resolution?: components["schemas"]["Resolution"] | null;
        };
        /** @description How a report was settled. */
        Resolution: {
            /** @description When. */
            at: components["schemas"]["Timestamp"];
            /** @description By whom. */
            by: components["schemas"]["Named"];
            /** @description What came of it. */
            note: string;
        };
        Resolving: {
            /**
             * @description What came of it, up to 500 characters; moderators read it.
             * @default
             */
            note?: string;
        };
        RevokeParams: {
            /** @default  */
            client_id?: string;
            /** @default  */
            client_secret?: string;
            /** @default  */
            token?: string;
        };
        /** @description A role: an ordinary person's, a moderator's or an admin's. */
        Role: {
            /** @description Its colour: none. */
            color: string;
            /** @description Whether it is shown on the profile. */
            highlighted: boolean;
            /** @description The role's id. */
            id: string;
            /** @description Its name: empty for ordinary people. */
            name: string;
            /** @description What it permits, as a bit set in decimal: nothing. */
            permissions: string;
        };
        /** @description A rule of the house, as Mastodon's apps read it. */
        Rule: {
            /** @description More about it: nothing. */
            hint: string;
            /** @description Its number in the list, from 1. */
            id: string;
            /** @description What it says. */
            text: string;
        };
        /** @description What is in a sealed box that a person's devices leave for each other. */
        SealedBox: {
            /** @description What only the devices can read. */
            body: components["schemas"]["Base64"];
            /**
             * Format: int64
             * @description How often it was filled.
             */
            version: number;
        };
        /** @description What a search found: always three lists. */
        Search: {
            /** @description People. */
            accounts: components["schemas"]["Account"][];
            /** @description Hashtags. */
            hashtags: components["schemas"]["Tag"][];
            /** @description Dweets. */
            statuses: components["schemas"]["Status"][];
        };
        SeenParams: {
            /** @description The newest dweet that was seen. */
            up_to: string;
        };
        /** @description A login that has not ended. */
        Session: {
            /** @description When it was opened. */
            created_at: components["schemas"]["Timestamp"];
            /** @description Whether it is the one that asks. */
            current: boolean;
            /** @description The session's id. */
            id: string;
            /** @description What it was opened with: an app's name, or what the person called the device. */
            label: string;
        };
        /** @description What is to be settled; what is not said stays. */
        Settling: {
            /**
             * @description What this place is, up to 500 characters.
             * @default null
             */
            description?: string | null;
            /**
             * @description Whether everybody may invite, or moderators only.
             * @default null
             */
            members_may_invite?: boolean | null;
            /**
             * @description `open`, `invitation` or `closed`.
             * @default null
             */
            registration?: string | null;
            /**
             * @description All rules of the house: at most 25, each up to 500 characters.
             * @default null
             */
            rules?: string[] | null;
            /**
             * @description What newcomers are told, up to 500 characters.
             * @default null
             */
            welcome?: string | null;
            /**
             * @description Why, for the log.
             * @default
             */
            why?: string;
            /**
             * @description Whether there are to be no rules: an empty list cannot be said in a form.
             * @default false
             */
            without_rules?: boolean;
        };
        /** @description A profile as it was typed. */
        Source: {
            /** @description Profile fields: none. */
            fields: components["schemas"]["EmptyList"];
            /**
             * Format: int64
             * @description Follows that wait for consent: none.
             */
            follow_requests_count: number;
            /** @description The language of new dweets; empty when not set. */
            language: string;
            /** @description The bio as plain text. */
            note: string;
            /** @description For whom new dweets are, unless said otherwise. */
            privacy: components["schemas"]["Visibility"];
            /** @description Whether new dweets are sensitive, unless said otherwise. */
            sensitive: boolean;
        };
        /** @description How many people and dweets. */
        Stats: {
            /**
             * Format: int64
             * @description Services: this one.
             */
            domain_count: number;
            /**
             * Format: int64
             * @description Dweets.
             */
            status_count: number;
            /**
             * Format: int64
             * @description Accounts.
             */
            user_count: number;
        };
        /** @description A dweet. A redweet is one with an id of its own whose `reblog` is the original. */
        Status: {
            /** @description Who wrote it; who redweeted it, for a redweet. */
            account: components["schemas"]["Account"];
            application?: components["schemas"]["StatusApplication"] | null;
            /** @description Whether the person who asks bookmarked it; absent without a token. */
            bookmarked?: boolean | null;
            /** @default null */
            card: unknown;
            /** @description The text, as HTML. */
            content: string;
            /** @description When it was published. */
            created_at: components["schemas"]["Timestamp"];
            edited_at?: components["schemas"]["Timestamp"] | null;
            /** @description Custom emoji: none. */
            emojis: components["schemas"]["EmptyList"];
            /** @description Whether the person who asks favourited it; absent without a token. */
            favourited?: boolean | null;
            /**
             * Format: int64
             * @description How many favourites.
             */
            favourites_count: number;
            filtered?: components["schemas"]["EmptyList"] | null;
            /** @description The dweet's id; the redweet's for a redweet. */
            id: string;
            /** @description The author of the dweet that this one answers. */
            in_reply_to_account_id?: string | null;
            /** @description The dweet that this one answers. */
            in_reply_to_id?: string | null;
            /** @description In which language, as an ISO 639-1 code. */
            language?: string | null;
            /** @description Pictures: none. */
            media_attachments: components["schemas"]["EmptyList"];
            /** @description Who is named in it. */
            mentions: components["schemas"]["Mention"][];
            /** @description Whether the person who asks muted its conversation; absent without a token. */
            muted?: boolean | null;
            /** @description Whether it is pinned; only on one's own. */
            pinned?: boolean | null;
            /** @default null */
            poll: unknown;
            reblog?: components["schemas"]["Status"] | null;
            /** @description Whether the person who asks redweeted it; absent without a token. */
            reblogged?: boolean | null;
            /**
             * Format: int64
             * @description How many redweets.
             */
            reblogs_count: number;
            /**
             * Format: int64
             * @description How many replies.
             */
            replies_count: number;
            /** @description Whether it is hidden until asked for. */
            sensitive: boolean;
            /** @description The content warning; empty if there is none. */
            spoiler_text: string;
            /** @description Its hashtags. */
            tags: components["schemas"]["StatusTag"][];
            /** @description The text as it was typed; only in the answer to a deletion, so that it can be written anew. */
            text?: string | null;
            /** @description A name for it that no other service has. */
            uri: string;
            /** @description Where a browser shows it: `https://host/@nick/id`. */
            url?: string | null;
            /** @description For whom it is. */
            visibility: components["schemas"]["Visibility"];
        };
        /** @description With what a dweet was written. */
        StatusApplication: {
            /** @description The app's name. */
            name: string;
            /** @description The app's home page. */
            website?: string | null;
        };
        /** @description Limits of dweets. */
        StatusLimits: {
            /** @description What an address counts. */
            characters_reserved_per_url: number;
            /** @description The longest. */
            max_characters: number;
            /**
             * Format: int32
             * @description How many pictures.
             */
            max_media_attachments: number;
        };
        /** @description A dweet as it was typed. */
        StatusSource: {
            /** @description The dweet's id. */
            id: string;
            /** @description The content warning as plain text. */
            spoiler_text: string;
            /** @description The plain text. */
            text: string;
        };
        /** @description A hashtag of a dweet. */
        StatusTag: {
            /** @description The name, without `#`. */
            name: string;
            /** @description Where its dweets are. */
            url: string;
        };
        Stock: {
            /** @description Which of one's devices. */
            device: string;
            last_resort?: components["schemas"]["Base64"] | null;
            /** @description Key packages (RFC 9420) to be given out once each; 100 at most at a time. */
            packages?: components["schemas"]["Base64"][];
            /** @description Whether they come in place of those that are there. */
            replaces?: boolean;
        };
        /** @description A hashtag. */
        Tag: {
            /** @description Whether one follows it. */
            following?: boolean | null;
            /** @description How often it was used, by day: not counted. */
            history: components["schemas"]["TagUse"][];
            /** @description The name, without `#`. */
            name: string;
            /** @description Where its dweets are. */
            url: string;
        };
        /** @description How often a hashtag was used on one day; numbers are strings, as Mastodon has them. */
        TagUse: {
            /** @description People. */
            accounts: string;
            /** @description The day, in seconds since 1970. */
            day: string;
            /** @description Dweets. */
            uses: string;
        };
        /** @description A picture of the service. */
        Thumbnail: {
            /** @description Its address. */
            url: string;
        };
        /** Format: date-time */
        Timestamp: string;
        /** @description A token that was just given out. */
        Token: {
            /** @description The secret itself: shown this once. */
            access_token: string;
            /**
             * Format: int64
             * @description When it was made, in seconds since 1970.
             */
            created_at: number;
            /** @description What it permits, separated by spaces. */
            scope: string;
            /** @description `Bearer`. */
            token_type: string;
        };
        TokenParams: {
            /** @default  */
            client_id?: string;
            /** @default  */
            client_secret?: string;
            /** @default  */
            code?: string;
            /**
             * @description For a code that was asked for with a `code_challenge`.
             * @default null
             */
            code_verifier?: string | null;
            /**
             * @description `authorization_code`, `password` or `client_credentials`.
             * @default
             */
            grant_type?: string;
            /** @default  */
            password?: string;
            /** @default  */
            redirect_uri?: string;
            /**
             * @description Separated by spaces; `read` if not said.
             * @default
             */
            scope?: string;
            /** @default  */
            username?: string;
        };
        /** @description What happened behind a place. */
        Told: {
            /** @description The oldest first. */
            events: Record<string, never>[];
            /** @description Whether more happened than is told: look at the whole picture again. */
            missed: boolean;
            /** @description From where to ask next. */
            next: string;
        };
        /** @description Whether dweets are translated: no. */
        Translation: {
            /** @description No. */
            enabled: boolean;
        };
        /** @description How many were not read. */
        UnreadCount: {
            /** @description At most 80. */
            count: number;
        };
        /** @description How many dweets of the home timeline wait to be seen. */
        Unseen: {
            /**
             * Format: int64
             * @description How many; exact up to 800.
             */
            count: number;
            /** @description Whether there are more than `count`. */
            more: boolean;
        };
        /** @description How much the service is used. */
        Usage: {
            /** @description People. */
            users: components["schemas"]["UsageUsers"];
        };
        /** @description How many people use the service. */
        UsageUsers: {
            /**
             * Format: int64
             * @description How many were here in the last month.
             */
            active_month: number;
        };
        /** @description The key for Web Push, which would need the Internet. */
        Vapid: {
            /** @description Empty. */
            public_key: string;
        };
        /**
         * @description For whom a dweet is.
         * @enum {string}
         */
        Visibility: "public" | "unlisted" | "private" | "direct";
        /** @description Why something is decided. */
        Why: {
            /**
             * @description In the moderator's words, for the log; up to 500 characters.
             * @default
             */
            why?: string;
        };
        /** @description What somebody writes. */
        Written: {
            /**
             * @description What it answers.
             * @default null
             */
            in_reply_to_id?: string | null;
            /**
             * @description ISO 639-1 code.
             * @default null
             */
            language?: string | null;
            /**
             * @description Pictures: none are kept here.
             * @default []
             */
            media_ids?: string[];
            /** @description A poll: there are none here. */
            poll?: Record<string, never> | null;
            /**
             * @description For later: nothing is scheduled here.
             * @default null
             */
            scheduled_at?: string | null;
            /**
             * @description Whether it is hidden until asked for.
             * @default null
             */
            sensitive?: boolean | null;
            /**
             * @description A content warning.
             * @default
             */
            spoiler_text?: string;
            /**
             * @description 1 to 225 characters, with the content warning.
             * @default
             */
            status?: string;
            /** @default null */
            visibility?: components["schemas"]["Visibility"] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
