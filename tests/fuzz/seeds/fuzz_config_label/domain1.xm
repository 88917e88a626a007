kernel= "/boot/vmlinuz"
memory = 128
name = "domain1"
vif = ['']
disk = ['file:/a.img,sda1,w', \
 'file:/b,sda2,w']
