/** One statement of an IAM policy. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  /** Who it is about, in policies of things and in those that say who may take a role. */
  Principal?: "*" | { Service: string } | { Federated: string };
  Action: string[];
  Resource?: string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** What an identity may do: it names what it is about, and who it is for is known already. */
export interface Right extends Statement {
  Effect: "Allow";
  Principal?: never;
  Resource: string[];
}

export interface PolicyDocument<S extends Statement = Statement> {
  Version: "2012-10-17";
  Statement: S[];
}

export const document = <S extends Statement>(...Statement: S[]): PolicyDocument<S> => ({ Version: "2012-10-17", Statement });

/** Where the resource is "*", the reason stands beside it. */
export const allow = (Action: string[], Resource: string[], Condition?: Statement["Condition"]): Right => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
});

/** The same with a name, for documents with many. */
export const allowAs = (Sid: string, ...right: Parameters<typeof allow>): Right => ({ Sid, ...allow(...right) });

/** Refuses everybody who does not use TLS; for the policy of a thing. */
export const notInClear = (actions: string, resources: string[]): Statement => ({
  Sid: "NotInClear",
  Effect: "Deny",
  Principal: "*",
  Action: [actions],
  Resource: resources,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});
