variable bucket {
type="string"
}
locals {
path="${var.bucket}"   # where it is
longer_name = [
1,
]
}
