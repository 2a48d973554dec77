package lib

big(n) if n > 10
