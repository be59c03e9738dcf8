//! The messages that may come in protobuf, with the numbers of their fields as Kubernetes publishes them.

use super::Field;
use super::Kind::{Bytes, Flag, Ignored, Many, Map, Number, One, Quantity, Text, TextMap, Texts};

/// The fields of a kind, if it may come so.
pub(super) fn of(kind: &str) -> Option<&'static [Field]> {
    OBJECTS.iter().find(|(name, _)| *name == kind).map(|(_, fields)| *fields)
}

const OBJECTS: &[(&str, &[Field])] = &[
    ("SelfSubjectAccessReview", &[(1, "metadata", One(METADATA)), (2, "spec", One(ACCESS)), (3, "status", Ignored)]),
    ("SelfSubjectRulesReview", &[(1, "metadata", One(METADATA)), (2, "spec", One(&[(1, "namespace", Text)])), (3, "status", Ignored)]),
    ("SelfSubjectReview", &[(1, "metadata", One(METADATA)), (2, "status", Ignored)]),
    ("Namespace", &[(1, "metadata", One(METADATA)), (2, "spec", One(&[(1, "finalizers", Texts)])), (3, "status", Ignored)]),
    ("ConfigMap", &[(1, "metadata", One(METADATA)), (2, "data", TextMap), (3, "binaryData", Map(&Bytes)), (4, "immutable", Flag)]),
    (
        "Secret",
        &[(1, "metadata", One(METADATA)), (2, "data", Map(&Bytes)), (3, "type", Text), (4, "stringData", TextMap), (5, "immutable", Flag)],
    ),
    ("Deployment", &[(1, "metadata", One(METADATA)), (2, "spec", One(DEPLOYMENT)), (3, "status", Ignored)]),
    ("Job", &[(1, "metadata", One(METADATA)), (2, "spec", One(JOB)), (3, "status", Ignored)]),
];

const METADATA: &[Field] = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (4, "selfLink", Ignored),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (7, "generation", Ignored),
    (8, "creationTimestamp", Ignored),
    (11, "labels", TextMap),
    (12, "annotations", TextMap),
    (13, "ownerReferences", Many(OWNER)),
    (14, "finalizers", Texts),
    (17, "managedFields", Ignored),
];

const OWNER: &[Field] = &[
    (1, "kind", Text),
    (3, "name", Text),
    (4, "uid", Text),
    (5, "apiVersion", Text),
    (6, "controller", Flag),
    (7, "blockOwnerDeletion", Flag),
];

const ACCESS: &[Field] = &[
    (
        1,
        "resourceAttributes",
        One(&[
            (1, "namespace", Text),
            (2, "verb", Text),
            (3, "group", Text),
            (4, "version", Text),
            (5, "resource", Text),
            (6, "subresource", Text),
            (7, "name", Text),
        ]),
    ),
    (2, "nonResourceAttributes", One(&[(1, "path", Text), (2, "verb", Text)])),
];

const SELECTOR: &[Field] = &[(1, "matchLabels", TextMap)];

const DEPLOYMENT: &[Field] = &[
    (1, "replicas", Number),
    (2, "selector", One(SELECTOR)),
    (3, "template", One(TEMPLATE)),
    (4, "strategy", One(&[(1, "type", Text)])),
    (5, "minReadySeconds", Number),
    (6, "revisionHistoryLimit", Number),
    (7, "paused", Flag),
    (9, "progressDeadlineSeconds", Number),
];

const JOB: &[Field] = &[
    (1, "parallelism", Number),
    (2, "completions", Number),
    (3, "activeDeadlineSeconds", Number),
    (4, "selector", One(SELECTOR)),
    (6, "template", One(TEMPLATE)),
    (7, "backoffLimit", Number),
    (8, "ttlSecondsAfterFinished", Number),
    (9, "completionMode", Text),
    (10, "suspend", Flag),
];

const TEMPLATE: &[Field] = &[(1, "metadata", One(METADATA)), (2, "spec", One(POD))];

const POD: &[Field] = &[
    (2, "containers", Many(CONTAINER)),
    (3, "restartPolicy", Text),
    (4, "terminationGracePeriodSeconds", Number),
    (5, "activeDeadlineSeconds", Number),
    (6, "dnsPolicy", Text),
    (7, "nodeSelector", TextMap),
    (8, "serviceAccountName", Text),
    (9, "serviceAccount", Text),
    (10, "nodeName", Text),
    (14, "securityContext", One(&[])),
    (19, "schedulerName", Text),
    (20, "initContainers", Many(CONTAINER)),
];

const CONTAINER: &[Field] = &[
    (1, "name", Text),
    (2, "image", Text),
    (3, "command", Texts),
    (4, "args", Texts),
    (5, "workingDir", Text),
    (6, "ports", Many(&[(1, "name", Text), (3, "containerPort", Number), (4, "protocol", Text)])),
    (7, "env", Many(&[(1, "name", Text), (2, "value", Text)])),
    (8, "resources", One(&[(1, "limits", Map(&Quantity)), (2, "requests", Map(&Quantity))])),
    (13, "terminationMessagePath", Text),
    (14, "imagePullPolicy", Text),
    (16, "stdin", Flag),
    (17, "stdinOnce", Flag),
    (18, "tty", Flag),
    (20, "terminationMessagePolicy", Text),
];
