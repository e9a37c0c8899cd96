/** When support of a minor version ends; days as 2026-12-02. */
export interface SupportEnd {
  until: string;
  /** End of what can be had for more money. */
  extended?: string;
}

/** Ends of support by minor version. Versions that are not here say nothing: nobody looked them up, or their sources contradict each other. */
export interface SupportCalendar {
  /** Where the days come from, and when that was looked up. */
  source: string;
  /** What is supported, and by whom: "on EKS". */
  by: string;
  ends: Readonly<Record<string, SupportEnd>>;
}

/** The projects behind k3s and k0s build each minor version as long as Kubernetes itself patches it. */
const upstream: SupportCalendar = {
  source: "kubernetes.io/releases, one page for each minor version, September 2026",
  by: "upstream",
  ends: {
    "1.34": { until: "2026-10-27" },
    "1.35": { until: "2027-02-28" },
    "1.36": { until: "2027-06-28" },
    "1.37": { until: "2027-10-28" },
  },
};

/**
 * By kind of cluster. A Shoot's versions end as its cloud profile says, and of clusters made elsewhere nobody tells us who supports them.
 * GKE 1.34 is left out: endoflife.date has 2026-10-01, the fourteen months that Google gives would end two months later.
 */
export const supportCalendars: Readonly<Record<string, SupportCalendar>> = {
  eks: {
    source: "EKS user guide, Kubernetes release calendar, as in endoflife.date, August 2026",
    by: "on EKS",
    ends: {
      "1.32": { until: "2026-03-23", extended: "2027-03-23" },
      "1.33": { until: "2026-07-29", extended: "2027-07-29" },
      "1.34": { until: "2026-12-02", extended: "2027-12-02" },
      "1.35": { until: "2027-03-27", extended: "2028-03-27" },
      "1.36": { until: "2027-08-02", extended: "2028-08-02" },
    },
  },
  gke: {
    source: "GKE release schedule, Regular channel, Google's own estimates, as in endoflife.date, August 2026",
    by: "on GKE",
    ends: {
      "1.31": { until: "2026-01-16" },
      "1.32": { until: "2026-04-11" },
      "1.33": { until: "2026-08-03" },
      "1.35": { until: "2027-04-11" },
      "1.36": { until: "2027-08-09" },
    },
  },
  k3s: upstream,
  k0s: upstream,
  kubeadm: upstream,
};
