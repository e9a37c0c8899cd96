/** How `bearstack:adopt` names an object: its kind and the name of its Pulumi resource. */
export function adoptForm(type: string, name: string): string {
  return `${type.slice(type.lastIndexOf(":") + 1)}/${name}`;
}
