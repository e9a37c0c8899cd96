package main

import (
	"embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

//go:embed manifests/*.yaml
var manifests embed.FS

const (
	serviceNetwork = "10.96.0.0/16"
	egressSocket   = "egress.sock"
	egressConfig   = "egress.yaml"
	stagesFile     = "stages.yaml"
	contextName    = "bearstack-sandbox"
)

func (s *supervisor) pki(file string) string { return filepath.Join(s.dir, "pki", file) }

func (s *supervisor) etcdArguments() []string {
	clientURL := fmt.Sprintf("https://127.0.0.1:%d", s.state.Ports.EtcdClient)
	peerURL := fmt.Sprintf("https://127.0.0.1:%d", s.state.Ports.EtcdPeer)
	return []string{
		"--name=sandbox",
		"--data-dir=" + filepath.Join(s.dir, "etcd"),
		"--listen-client-urls=" + clientURL, "--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=sandbox=" + peerURL,
		"--client-cert-auth", "--trusted-ca-file=" + s.pki("etcd-ca.crt"),
		"--cert-file=" + s.pki("etcd.crt"), "--key-file=" + s.pki("etcd.key"),
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + s.pki("etcd-ca.crt"),
		"--peer-cert-file=" + s.pki("etcd.crt"), "--peer-key-file=" + s.pki("etcd.key"),
		// A power cut may cost the last seconds; nothing here is worth the waiting for the disk.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func (s *supervisor) apiserverArguments() []string {
	return []string{
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", s.state.Ports.API),
		// The address is a loopback one, which no Endpoints object may hold.
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", s.state.Ports.EtcdClient),
		"--etcd-cafile=" + s.pki("etcd-ca.crt"), "--etcd-certfile=" + s.pki("etcd-client.crt"), "--etcd-keyfile=" + s.pki("etcd-client.key"),
		"--tls-cert-file=" + s.pki("kube-apiserver.crt"), "--tls-private-key-file=" + s.pki("kube-apiserver.key"),
		"--client-ca-file=" + s.pki("ca.crt"), "--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + s.pki("service-account.key"), "--service-account-signing-key-file=" + s.pki("service-account.key"),
		"--service-cluster-ip-range=" + serviceNetwork,
		"--allow-privileged=true",
		"--enable-admission-plugins=NodeRestriction",
		// The pods that would answer webhooks are simulated.
		"--disable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
		"--egress-selector-config-file=" + filepath.Join(s.dir, egressConfig),
		"--profiling=false",
	}
}

func (s *supervisor) controllerManagerArguments() []string {
	kubeconfig := filepath.Join(s.dir, "pki", "system:kube-controller-manager.kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--secure-port=0", "--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + s.pki("service-account.key"), "--root-ca-file=" + s.pki("ca.crt"),
		"--cluster-signing-cert-file=" + s.pki("ca.crt"), "--cluster-signing-key-file=" + s.pki("ca.key"),
		"--kube-api-qps=200", "--kube-api-burst=400",
		// A busy laptop, or one that slept, is no reason to evict everything.
		"--node-monitor-grace-period=10m",
	}
}

func (s *supervisor) schedulerArguments() []string {
	kubeconfig := filepath.Join(s.dir, "pki", "system:kube-scheduler.kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--secure-port=0", "--leader-elect=false", "--kube-api-qps=200", "--kube-api-burst=400",
	}
}

func (s *supervisor) kwokArguments() []string {
	return []string{
		"--kubeconfig=" + filepath.Join(s.dir, "pki", "kwok.kubeconfig"),
		"--config=" + filepath.Join(s.dir, stagesFile),
		"--manage-all-nodes=true",
		"--node-lease-duration-seconds=200",
		// No kubelet API: the stand-in behind the egress socket answers for it.
		"--node-port=0",
	}
}

// writeConfigs puts everything the programs read into the folder. The kubeconfigs carry the port, so they are written at each start.
func (s *supervisor) writeConfigs() error {
	stages, err := manifests.ReadFile("manifests/stages.yaml")
	if err != nil {
		return err
	}
	egress, err := manifests.ReadFile("manifests/egress.yaml")
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{stagesFile: stages, egressConfig: egress} {
		if err := writeFile(filepath.Join(s.dir, file), content); err != nil {
			return err
		}
	}
	for path, user := range map[string]string{
		"kubeconfig": "admin",
		"pki/system:kube-controller-manager.kubeconfig": "system:kube-controller-manager",
		"pki/system:kube-scheduler.kubeconfig":          "system:kube-scheduler",
		"pki/kwok.kubeconfig":                           "kwok",
	} {
		if err := s.writeKubeconfig(filepath.Join(s.dir, path), user); err != nil {
			return err
		}
	}
	return nil
}

func (s *supervisor) writeKubeconfig(path, user string) error {
	cert, err := os.ReadFile(s.pki(user + ".crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(s.pki(user + ".key"))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[contextName] = &clientcmdapi.Cluster{Server: s.state.Endpoint, CertificateAuthorityData: s.ca.cert}
	config.AuthInfos[contextName] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	config.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: contextName}
	config.CurrentContext = contextName
	raw, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFile(path, raw)
}

func listens(port int) bool {
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
