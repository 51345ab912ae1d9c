export function schema(machine: string): Promise<string>;
