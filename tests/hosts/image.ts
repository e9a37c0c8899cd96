import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { run, type Bed } from "./beds";

/** Versions of k3s that the hosts find under /srv/artifacts, all of them the same stand-in. */
export const K3S_VERSIONS = ["v1.35.4+k3s1", "v1.36.1+k3s1", "v1.36.2+k3s1"] as const;

export interface Login {
  user: string;
  /** How the user becomes root: is root, is never asked, is asked for a password. */
  sudo: "root" | "free" | "password";
  password: string;
}

const standIns = join(__dirname, "stand-ins");

/** Writes a file below `folder`; folders are as open as those they lie over. */
function put(folder: string, path: string, text: string, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** What all hosts share: the stand-ins, and the folder in which these keep what etcd would. */
export function makeShared(bed: Bed, settings: object): void {
  const shared = join(bed.folder, "shared");
  mkdirSync(join(shared, "clusters"), { recursive: true, mode: 0o700 });
  cpSync(join(standIns, "k3s"), join(shared, "k3s"), { recursive: true });
  const yaml = dirname(require.resolve("yaml/package.json"));
  for (const part of ["package.json", "dist"]) cpSync(join(yaml, part), join(shared, "node_modules", "yaml", part), { recursive: true });
  put(shared, "settings.json", JSON.stringify(settings));
  chmodSync(shared, 0o700);
  const artifacts = join(bed.folder, "artifacts");
  for (const version of K3S_VERSIONS) {
    const program = `#!${process.execPath}\n// A stand-in for k3s; what it keeps and what it does not prove: tests/hosts/stand-ins/k3s/main.cjs\nrequire("/srv/bed/k3s/main.cjs").main("${version}");\n`;
    const sum = createHash("sha256").update(program).digest("hex");
    put(artifacts, `${version}/k3s`, program, 0o755);
    put(artifacts, `${version}/k3s-arm64`, program, 0o755);
    put(artifacts, `${version}/sha256sum-amd64.txt`, `${sum}  k3s\n`);
    put(artifacts, `${version}/sha256sum-arm64.txt`, `${sum}  k3s-arm64\n`);
    // As the address of a release has it.
    symlinkSync(version, join(artifacts, encodeURIComponent(version)));
  }
}

export interface HostImage {
  name: string;
  address: string;
  /** Lines for /etc/hosts: name resolution of the bed. */
  names: string;
  login: Login;
  publicKey: string;
}

/** Makes what a host has of its own, before it starts; gives its public host key. */
export function makeHost(folder: string, { name, address, names, login, publicKey }: HostImage): string {
  const upper = join(folder, "upper");
  for (const part of ["upper/srv/bed", "upper/srv/artifacts", "upper/var/log", "upper/etc/ssh", "upper/opt", "work", "view"])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o755 });
  const key = join(upper, "etc/ssh/bed_host_key");
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);

  put(upper, "etc/hostname", `${name}\n`);
  put(upper, "etc/machine-id", `${createHash("md5").update(`${folder}/${name}`).digest("hex")}\n`, 0o444);
  put(upper, "etc/hosts", `127.0.0.1 localhost\n${names}`);
  // Nobody listens there: a look-up fails at once.
  put(upper, "etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
  put(upper, "etc/ssh/bed_sshd_config", sshdConfig(address));
  for (const program of ["systemctl", "journalctl"]) put(upper, `usr/bin/${program}`, readFileSync(join(standIns, program), "utf8"), 0o755);
  hide(upper, ["etc/rancher", "var/lib/rancher", "var/lib/bearstack", "usr/local/bin/k3s", "usr/local/bin/kubectl"]);

  const accounts = { passwd: readFileSync("/etc/passwd", "utf8"), group: readFileSync("/etc/group", "utf8"), shadow: readFileSync("/etc/shadow", "utf8") };
  // A locked root ("!") is refused by sshd without PAM.
  let shadow = accounts.shadow.replace(/^root:[^:]*:/m, "root:*:");
  const keyLine = `${publicKey.trim()}\n`;
  if (login.sudo === "root") {
    put(upper, "root/.ssh/authorized_keys", keyLine, 0o600);
    for (const part of ["root", "root/.ssh"]) chmodSync(join(upper, part), 0o700);
  } else {
    const hash = login.sudo === "password" ? run("openssl", ["passwd", "-6", "-stdin"], login.password).trim() : "*";
    put(upper, "etc/passwd", `${accounts.passwd}${login.user}:x:4242:4242::/home/${login.user}:/bin/sh\n`);
    put(upper, "etc/group", `${accounts.group}${login.user}:x:4242:\n`);
    shadow += `${login.user}:${hash}:20000:0:99999:7:::\n`;
    put(
      upper,
      "etc/sudoers",
      `Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\nroot ALL=(ALL:ALL) ALL\n${login.user} ALL=(ALL:ALL) ${login.sudo === "free" ? "NOPASSWD:" : ""} ALL\n`,
      0o440,
    );
    put(upper, `home/${login.user}/.ssh/authorized_keys`, keyLine, 0o600);
    run("chown", ["-R", "4242:4242", join(upper, "home", login.user)]);
  }
  put(upper, "etc/shadow", shadow, 0o600);
  return readFileSync(`${key}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");
}

function makeFolder(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  return file;
}

/** Covers what this computer has itself, by a device 0:0, which is how an overlay says "deleted". */
function hide(upper: string, paths: readonly string[]): void {
  for (const path of paths) if (existsSync(join("/", path))) run("mknod", [makeFolder(join(upper, path)), "c", "0", "0"]);
}

const sshdConfig = (address: string): string => `Port 22
ListenAddress ${address}
HostKey /etc/ssh/bed_host_key
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthorizedKeysFile .ssh/authorized_keys
PrintMotd no
MaxStartups 200
MaxSessions 100
LogLevel VERBOSE
`;
